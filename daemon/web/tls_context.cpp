#include "daemon/web/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <boost/asio/ssl/error.hpp>
#include <utility>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

namespace asio = boost::asio;
using config::ClientAuth;
using config::WebTls;

template <typename T, void (*free)(T*)>
struct Freed {
  void operator()(T* object) const noexcept { free(object); }
};
using Bio = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES, GENERAL_NAMES_free>>;

/// What clients that name no suites of their own liking get: forward secrecy and AEAD.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

Bio reading(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// The certificates of a PEM text; what else stands in it is skipped.
std::vector<Certificate> certificates(std::string_view pem) {
  std::vector<Certificate> found;
  const Bio bio = reading(pem);
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    found.push_back(std::move(next));
  }
  ERR_clear_error();
  return found;
}

/// Asks nobody for the password of an encrypted key.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*nothing*/) { return -1; }

std::string text_of(const ASN1_STRING* string) {
  const auto* bytes = ASN1_STRING_get0_data(string);
  return {bytes, bytes + ASN1_STRING_length(string)};
}

/// An alternative name as client_allowed_sans writes it; empty for other kinds.
std::string name_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
    case GEN_EMAIL:
    case GEN_URI:
      return text_of(name.d.ia5);
    case GEN_IPADD: {
      const std::string bytes = text_of(name.d.iPAddress);
      IpAddress address;
      if (bytes.size() != 4 && bytes.size() != 16) {
        return {};
      }
      address.family = bytes.size() == 4 ? IpAddress::Family::v4 : IpAddress::Family::v6;
      std::ranges::copy(bytes, address.bytes.begin());
      return address.to_string();
    }
    default:
      return {};
  }
}

bool is_allowed(const X509* certificate, const std::vector<std::string>& allowed) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int index = 0; names && index < sk_GENERAL_NAME_num(names.get()); ++index) {
    const std::string name = name_of(*sk_GENERAL_NAME_value(names.get(), index));
    if (!name.empty() && std::ranges::find(allowed, name) != allowed.end()) {
      return true;
    }
  }
  return false;
}

/// What the verification of a client's certificate goes by; lives as long as the context.
struct ClientRules {
  bool verifies = false;
  std::vector<std::string> allowed_sans;
};

int rules_index() {
  static const int kIndex = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr,
      [](void* /*parent*/, void* rules, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*number*/,
         void* /*argument*/) { delete static_cast<ClientRules*>(rules); });
  return kIndex;
}

int verify_client(X509_STORE_CTX* store, void* argument) {
  const auto& rules = *static_cast<const ClientRules*>(argument);
  if (rules.verifies && X509_verify_cert(store) <= 0) {
    return 0;
  }
  if (!rules.allowed_sans.empty() &&
      !is_allowed(X509_STORE_CTX_get0_cert(store), rules.allowed_sans)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* /*nothing*/) {
  static constexpr std::array<unsigned char, 9> kHttp{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, kHttp.data(), kHttp.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301, 3.2
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

class Maker {
 public:
  Maker(const WebTls& tls, const Pems& pems, Diagnostics& diagnostics)
      : tls_(tls), pems_(pems), diagnostics_(diagnostics) {}

  std::shared_ptr<asio::ssl::context> make() {
    const std::size_t before = diagnostics_.count();
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* const ssl = context->native_handle();
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ssl, 0);
    SSL_CTX_set_options(ssl,
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                            (tls_.prefer_server_ciphers ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0U));
    SSL_CTX_set_min_proto_version(ssl, tls_.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(ssl, tls_.tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, nullptr);
    set_algorithms(ssl);
    set_identity(ssl);
    set_clients(ssl);
    ERR_clear_error();
    return diagnostics_.count() == before ? context : nullptr;
  }

 private:
  void set_algorithms(SSL_CTX* ssl) {
    std::vector<std::string_view> names;
    for (const config::WebCipher& cipher : tls_.ciphers) {
      if (!cipher.tls13) {
        names.push_back(cipher.openssl);
      }
    }
    if (SSL_CTX_set_cipher_list(ssl, names.empty() ? kCiphers : join(names, ":").c_str()) != 1) {
      problem("this machine's OpenSSL has none of the cipher_suites");
    }
    if (!tls_.curves.empty() &&
        SSL_CTX_set1_groups_list(ssl, join(tls_.curves, ":").c_str()) != 1) {
      problem("this machine's OpenSSL lacks one of the curve_preferences");
    }
  }

  void set_identity(SSL_CTX* ssl) {
    const std::vector<Certificate> chain = certificates(pems_.certificate);
    const Bio bio = reading(pems_.key.reveal());
    const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (chain.empty()) {
      problem(source("cert", tls_.cert_file) + " holds no certificate in PEM");
    } else if (SSL_CTX_use_certificate(ssl, chain.front().get()) != 1) {
      problem(source("cert", tls_.cert_file) +
              ": the certificate is too weak, or of no known kind");
    }
    for (std::size_t index = 1; index < chain.size(); ++index) {
      SSL_CTX_add1_chain_cert(ssl, chain[index].get());
    }
    if (!key) {
      problem(source("key", tls_.key_file) + " holds no private key in PEM without a password");
    } else if (!chain.empty() && X509_check_private_key(chain.front().get(), key.get()) != 1) {
      problem("the private key does not belong to the certificate");
    } else if (!chain.empty() && SSL_CTX_use_PrivateKey(ssl, key.get()) != 1) {
      problem(source("key", tls_.key_file) + ": the private key is of no known kind");
    }
  }

  void set_clients(SSL_CTX* ssl) {
    if (tls_.client_auth == ClientAuth::none) {
      return;
    }
    auto rules = std::make_unique<ClientRules>();
    rules->verifies = tls_.client_auth >= ClientAuth::verify_if_given;
    rules->allowed_sans = tls_.client_allowed_sans;
    const bool required = tls_.client_auth == ClientAuth::require_any ||
                          tls_.client_auth == ClientAuth::require_and_verify;
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
    SSL_CTX_set_cert_verify_callback(ssl, verify_client, rules.get());
    SSL_CTX_set_ex_data(ssl, rules_index(), rules.release());
    const std::vector<Certificate> authorities = certificates(pems_.client_ca);
    if (authorities.empty() && (!tls_.client_ca_file.empty() || !tls_.client_ca.empty())) {
      problem(source("client_ca", tls_.client_ca_file) + " holds no certificate in PEM");
    }
    // The file names whom to trust: an authority need not be a root, as Go has it.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
    for (const Certificate& authority : authorities) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), authority.get());
      SSL_CTX_add_client_CA(ssl, authority.get());
    }
  }

  /// What a text is from, for messages.
  static std::string source(const char* key, const std::string& file) {
    return file.empty() ? key : std::string(key) + "_file " + file;
  }

  void problem(const std::string& message) {
    diagnostics_.error(tls_.place, "tls_server_config: " + message);
  }

  const WebTls& tls_;
  const Pems& pems_;
  Diagnostics& diagnostics_;
};

bool is_ssl_error(const boost::system::error_code& error, std::initializer_list<int> reasons) {
  const auto code = static_cast<unsigned long>(error.value());
  return error.category() == asio::error::get_ssl_category() && ERR_GET_LIB(code) == ERR_LIB_SSL &&
         std::ranges::find(reasons, ERR_GET_REASON(code)) != reasons.end();
}

}  // namespace

std::shared_ptr<asio::ssl::context> make_tls_context(const WebTls& tls, const Pems& pems,
                                                     Diagnostics& diagnostics) {
  return Maker(tls, pems, diagnostics).make();
}

bool is_not_tls(const boost::system::error_code& error) noexcept {
  return is_ssl_error(error,
                      {SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER});
}

bool is_certificate_trouble(const boost::system::error_code& error) noexcept {
  return is_ssl_error(error,
                      {SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE});
}

std::string certificate_complaint(SSL* ssl) {
  const long result = SSL_get_verify_result(ssl);
  if (result == X509_V_OK) {
    return "no certificate";
  }
  return result == X509_V_ERR_APPLICATION_VERIFICATION
             ? "none of its names is among client_allowed_sans"
             : X509_verify_cert_error_string(result);
}

bool has_peer_certificate(SSL* ssl) noexcept { return SSL_get0_peer_certificate(ssl) != nullptr; }

}  // namespace reachd::web
