#include "probes/net/trust.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "probes/net/revocation_cache.hpp"
#include "probes/net/system_trust.hpp"

namespace reachd::net {
namespace {

/// What makes a context different; the rest of TlsOptions is judged or set a connection.
using Profile = std::tuple<std::string, std::string, std::string, std::uint16_t, std::string,
                           std::string, std::string>;

Profile profile_of(const TlsOptions& options) {
  return {options.ca_file, options.certificate_file, options.key_file,        options.max_version,
          options.ca_pem,  options.certificate_pem,  options.key_pem.reveal()};
}

/// PEM that changes at run time leaves its old contexts behind.
constexpr std::size_t kMostContexts = 256;

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

int no_pass_phrase(char*, int, int, void*) { return 0; }

using BioPointer = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Pointer = std::unique_ptr<X509, decltype(&X509_free)>;

BioPointer reader_of(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

X509Pointer next_certificate(BIO* reader) {
  return {PEM_read_bio_X509(reader, nullptr, &no_pass_phrase, nullptr), &X509_free};
}

/// False if there is no certificate in it.
bool add_authorities(SSL_CTX* context, const std::string& pem) {
  const BioPointer reader = reader_of(pem);
  int count = 0;
  while (const X509Pointer certificate = next_certificate(reader.get())) {
    count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  return count > 0;
}

bool use_certificate(SSL_CTX* context, const std::string& pem) {
  const BioPointer reader = reader_of(pem);
  const X509Pointer leaf = next_certificate(reader.get());
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return false;
  }
  while (const X509Pointer issuer = next_certificate(reader.get())) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
      return false;
    }
  }
  return true;
}

bool use_key(SSL_CTX* context, const Secret& pem) {
  const BioPointer reader = reader_of(pem.reveal());
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(reader.get(), nullptr, &no_pass_phrase, nullptr), &EVP_PKEY_free);
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
         SSL_CTX_check_private_key(context) == 1;
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
  if (!options.ca_pem.empty()) {
    if (!add_authorities(raw, options.ca_pem)) {
      return {unreadable("certificate authorities", "ca, which is to be PEM")};
    }
  } else if (options.ca_file.empty()) {
    has_authorities = load_system_authorities(*raw);
  } else if (SSL_CTX_load_verify_file(raw, options.ca_file.c_str()) != 1) {
    return {unreadable("certificate authorities", options.ca_file)};
  }
  // Without this OpenSSL asks the terminal for the pass phrase of an encrypted key.
  SSL_CTX_set_default_passwd_cb(raw, &no_pass_phrase);
  if (!options.certificate_pem.empty()) {
    if (!use_certificate(raw, options.certificate_pem)) {
      return {unreadable("client certificate", "cert, which is to be PEM")};
    }
    if (!use_key(raw, options.key_pem)) {
      return {unreadable("key of the client certificate", "key, which is to be PEM")};
    }
  } else if (!options.certificate_file.empty()) {
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
  const Profile profile = profile_of(options);
  const std::scoped_lock lock(impl_->mutex);
  auto found = impl_->contexts.find(profile);
  if (found == impl_->contexts.end()) {
    if (impl_->contexts.size() >= kMostContexts) {
      impl_->contexts.clear();
    }
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
