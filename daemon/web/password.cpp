#include "daemon/web/password.hpp"

#include <crypt.h>
#include <openssl/crypto.h>

#include <memory>
#include <string>

namespace reachd::web {

bool matches(const Secret& password, const Secret& hash) {
  const std::string& text = password.reveal();
  const std::string& expected = hash.reveal();
  // crypt() would take what stands before a null character for all of it.
  if (text.find('\0') != std::string::npos || text.size() >= CRYPT_MAX_PASSPHRASE_SIZE) {
    return false;
  }
  const auto data = std::make_unique<crypt_data>();
  const char* made = crypt_rn(text.c_str(), expected.c_str(), data.get(), sizeof(crypt_data));
  const bool same = made != nullptr && std::string_view(made).size() == expected.size() &&
                    CRYPTO_memcmp(made, expected.data(), expected.size()) == 0;
  OPENSSL_cleanse(data.get(), sizeof(crypt_data));
  return same;
}

}  // namespace reachd::web
