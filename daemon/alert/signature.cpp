#include "daemon/alert/signature.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <vector>

#include "probes/core/bytes.hpp"

namespace reachd::alert {

std::optional<std::string> hmac_sha256(const Secret& key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::string& secret = key.reveal();
  const std::vector<unsigned char> bytes(data.begin(), data.end());
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes.data(), bytes.size(),
           digest.data(), &size) == nullptr) {
    ERR_clear_error();
    return std::nullopt;
  }
  return to_hex(std::as_bytes(std::span(digest).first(size)));
}

}  // namespace reachd::alert
