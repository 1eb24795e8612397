#include "probes/net/trust.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "probes/net/revocation_cache.hpp"
#include "probes/net/system_trust.hpp"

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

Loaded make_context(const TlsOptions& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (!context) {
    ERR_clear_error();
    return {std::unexpected(
        Failure{Reason::local_error, "OpenSSL can't make a TLS context", 0, std::nullopt})};
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

  bool has_authorities = true;
  if (options.ca_file.empty()) {
    has_authorities = load_system_authorities(*raw);
  } else if (SSL_CTX_load_verify_file(raw, options.ca_file.c_str()) != 1) {
    return {unreadable("certificate authorities", options.ca_file)};
  }
  // Without this OpenSSL asks the terminal for the pass phrase of an encrypted key.
  SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return 0; });
  if (!options.certificate_file.empty()) {
    const std::string& key = options.key_file.empty() ? options.certificate_file : options.key_file;
    if (SSL_CTX_use_certificate_chain_file(raw, options.certificate_file.c_str()) != 1) {
      return {unreadable("client certificate", options.certificate_file)};
    }
    if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(raw) != 1) {
      return {unreadable("key of the client certificate", key)};
    }
  }
  ERR_clear_error();
  return {std::move(context), has_authorities};
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
    found = impl_->contexts.emplace(profile, make_context(options)).first;
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
