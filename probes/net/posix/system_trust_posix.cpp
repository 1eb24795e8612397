#include "probes/net/system_trust.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace reachd::net {
namespace {

/// "4a6481c9.0": how a folder of authorities names a certificate (openssl-rehash(1)).
bool is_hashed_name(const std::string& name) {
  constexpr std::size_t kHash = 8;
  return name.size() > kHash + 1 && name[kHash] == '.' &&
         std::all_of(name.begin(), name.begin() + kHash,
                     [](unsigned char c) { return std::isxdigit(c) != 0; }) &&
         std::isdigit(static_cast<unsigned char>(name[kHash + 1])) != 0;
}

bool holds_hashed_names(const std::string& folder) {
  std::error_code ec;
  for (std::filesystem::directory_iterator entry(folder, ec), end; !ec && entry != end;
       entry.increment(ec)) {
    if (is_hashed_name(entry->path().filename().string())) {
      return true;
    }
  }
  return false;
}

/// OpenSSL's folders: the environment's list or the built-in one. It opens them only when it looks
/// for an issuer, so an absent or empty one goes unnoticed until every chain is untrusted.
bool has_authority_folder() {
  const char* from_environment = std::getenv(X509_get_default_cert_dir_env());
  std::string_view rest =
      from_environment == nullptr ? X509_get_default_cert_dir() : from_environment;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (holds_hashed_names(std::string(rest.substr(0, end)))) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

bool load_system_authorities(SSL_CTX& context) {
  SSL_CTX_set_default_verify_paths(&context);
  const STACK_OF(X509_OBJECT)* loaded = X509_STORE_get0_objects(SSL_CTX_get_cert_store(&context));
  return sk_X509_OBJECT_num(loaded) > 0 || has_authority_folder();
}

}  // namespace reachd::net
