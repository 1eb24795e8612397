#include "probes/net/trust.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>

#include "probes/net/revocation_cache.hpp"

namespace reachd::net {
namespace {

/// What makes a context different; the rest of TlsOptions is judged or set a connection.
using Profile = std::tuple<std::string, std::string, std::string, std::uint16_t>;

struct Loaded {
  Result<std::shared_ptr<SSL_CTX>> context;
  bool has_authorities = true;  ///< false: nothing that a chain could end in
};

constexpr long kLongestChainBytes = 100L * 1024;

std::unexpected<Failure> unreadable(const std::string& what, const std::string& file) {
  const unsigned long code = ERR_peek_last_error();
  const char* why = ERR_reason_error_string(code);
  std::string message = "can't load the " + what + " from " + file;
  if (why != nullptr) {
    message += ": " + std::string(why);
  }
  ERR_clear_error();
  return std::unexpected(Failure{Reason::local_error, std::move(message), 0, std::nullopt});
}

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
  constexpr char kSeparator = std::filesystem::path::preferred_separator == '/' ? ':' : ';';
  const char* from_environment = std::getenv(X509_get_default_cert_dir_env());
  std::string_view rest =
      from_environment == nullptr ? X509_get_default_cert_dir() : from_environment;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(kSeparator), rest.size());
    if (holds_hashed_names(std::string(rest.substr(0, end)))) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool has_authorities(SSL_CTX* context) {
  const STACK_OF(X509_OBJECT)* loaded = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
  return sk_X509_OBJECT_num(loaded) > 0 || has_authority_folder();
}

Result<std::shared_ptr<SSL_CTX>> make_context(const TlsOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) {
    ERR_clear_error();
    return std::unexpected(
        Failure{Reason::local_error, "OpenSSL can't make a TLS context", 0, std::nullopt});
  }
  SSL_CTX* raw = context.get();
  // Whatever a controller of 2012 speaks is observed; min_version, chain and name are judged later.
  SSL_CTX_set_min_proto_version(raw, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(raw, options.max_version);
  SSL_CTX_set_security_level(raw, 0);
  SSL_CTX_set_cipher_list(raw, "DEFAULT:@SECLEVEL=0");
  SSL_CTX_set_options(raw, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_RENEGOTIATION);
  // A resumed session shows no certificate, so a changed one would stay hidden.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_max_cert_list(raw, kLongestChainBytes);
  // A pinned certificate or intermediate in ca_file is an anchor too.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(raw), X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(raw), 1);

  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(raw);
  } else if (SSL_CTX_load_verify_file(raw, options.ca_file.c_str()) != 1) {
    return unreadable("certificate authorities", options.ca_file);
  }
  // Without this OpenSSL asks the terminal for the pass phrase of an encrypted key.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });
  if (!options.certificate_file.empty()) {
    const std::string& key = options.key_file.empty() ? options.certificate_file : options.key_file;
    if (SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1) {
      return unreadable("client certificate", options.certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(raw) != 1) {
      return unreadable("key of the client certificate", key);
    }
  }
  ERR_clear_error();
  return context;
}

}  // namespace

struct TrustStore::Impl {
  std::mutex mutex;
  std::map<Profile, Loaded> contexts;
  RevocationCache revocations;
};

TrustStore::TrustStore() : impl_(std::make_unique<Impl>()) {}
TrustStore::~TrustStore() = default;

Result<std::shared_ptr<SSL_CTX>> TrustStore::context(const TlsOptions& options) {
  const Profile profile(options.ca_file, options.certificate_file, options.key_file,
                        options.max_version);
  const std::scoped_lock lock(impl_->mutex);
  auto found = impl_->contexts.find(profile);
  if (found == impl_->contexts.end()) {
    Loaded loaded{make_context(options)};
    loaded.has_authorities = !loaded.context || has_authorities(loaded.context->get());
    found = impl_->contexts.emplace(profile, std::move(loaded)).first;
  }
  const Loaded& loaded = found->second;
  if (!loaded.has_authorities && options.verify == TlsOptions::Verify::strict) {
    return std::unexpected(Failure{Reason::local_error,
                                   "this host has no certificate authorities to judge by: install "
                                   "them (ca-certificates), or name some in ca_file",
                                   0, std::nullopt});
  }
  return loaded.context;
}

RevocationCache& TrustStore::revocations() noexcept { return impl_->revocations; }

void TrustStore::clear() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->contexts.clear();
}

}  // namespace reachd::net
