#include "probes/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cstring>
#include <utility>

#include "probes/core/printable.hpp"
#include "probes/net/certificate.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/tls_judgement.hpp"
#include "probes/net/trust.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMostFindings = 64;

class TlsCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    return value == static_cast<int>(TlsError::client_certificate_required)
               ? "the server goes on only with a client certificate"
               : "the TLS connection broke";
  }
  boost::system::error_condition default_error_condition(int) const noexcept override {
    return boost::system::errc::make_error_condition(boost::system::errc::connection_aborted);
  }
};

/// What the callbacks of one connection gather.
struct Observed {
  std::vector<TlsFinding> findings;
  bool client_certificate_asked = false;
};

int observed_index() {
  static const int kIndex = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return kIndex;
}

Observed& observed(const SSL* ssl) {
  return *static_cast<Observed*>(SSL_get_ex_data(ssl, observed_index()));
}

/// Always goes on, so that the handshake completes and all that is wrong is known.
int on_verify(int ok, X509_STORE_CTX* store) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto& findings = observed(ssl).findings;
  if (ok == 0 && findings.size() < kMostFindings) {
    TlsFinding finding{X509_STORE_CTX_get_error(store), {}};
    if (const X509* certificate = X509_STORE_CTX_get_current_cert(store)) {
      finding.subject = subject_text(certificate);
    }
    findings.push_back(std::move(finding));
  }
  return 1;
}

/// Called when the server asks for a client certificate, whether there is one or not.
int on_client_certificate(SSL* ssl, void*) {
  observed(ssl).client_certificate_asked = true;
  return 1;
}

using SslPointer = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// OpenSSL between two memory buffers: what it wants to send is written to the transport, what it
/// wants to read is read from there, so any stream can lie below. One operation at a time.
class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> transport, SslPointer ssl, std::unique_ptr<Observed> observed,
            std::shared_ptr<SSL_CTX> context)
      : transport_(std::move(transport)),
        context_(std::move(context)),
        observed_(std::move(observed)),
        ssl_(std::move(ssl)) {}

  void abort() noexcept override { transport_->abort(); }

  asio::awaitable<error_code> handshake() {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl_.get());
      const int next = done == 1 ? SSL_ERROR_NONE : note_error(done);
      const error_code ec = co_await go_on(next);
      if (done == 1 || ec) {
        co_return ec;
      }
    }
  }

  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    for (;;) {
      if (demanded_) {
        co_return IoResult{TlsError::client_certificate_required, 0};
      }
      ERR_clear_error();
      std::size_t count = 0;
      const int done = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &count);
      const int next = done == 1 ? SSL_ERROR_NONE : note_error(done);
      const error_code ec = co_await go_on(next);
      if (done == 1) {
        co_return IoResult{{}, count};
      }
      if (ec) {
        co_return IoResult{ec, 0};
      }
    }
  }

  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    std::size_t sent = 0;
    while (sent < data.size()) {
      if (demanded_) {
        co_return IoResult{TlsError::client_certificate_required, sent};
      }
      ERR_clear_error();
      std::size_t count = 0;
      // A record at a time, so that what waits in memory is never more than one.
      const auto piece = data.subspan(sent, std::min(data.size() - sent, kRecord));
      const int done = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &count);
      const int next = done == 1 ? SSL_ERROR_NONE : note_error(done);
      const error_code ec = co_await go_on(next);
      if (ec) {
        co_return IoResult{ec, sent};
      }
      sent += done == 1 ? count : 0;
    }
    co_return IoResult{{}, sent};
  }

  asio::awaitable<void> finish() override {
    if (!demanded_) {
      ERR_clear_error();
      note_error(SSL_shutdown(ssl_.get()));
      co_await flush();
    }
  }

  const SSL* ssl() const noexcept { return ssl_.get(); }
  const Observed& seen() const noexcept { return *observed_; }
  /// OpenSSL's code of the last failure, 0 if it was the transport's.
  unsigned long failure() const noexcept { return failure_; }
  /// The peer's first bytes, for the message when they are not TLS.
  std::string_view first_bytes() const noexcept { return {first_.data(), first_count_}; }
  /// True once the peer refused to go on without the client certificate that we don't have.
  bool demanded() const noexcept { return demanded_; }

 private:
  static constexpr std::size_t kRecord = std::size_t{16} * 1024;

  /// Reads OpenSSL's queue, which is the thread's, before anything else runs on it.
  int note_error(int done) {
    const int next = SSL_get_error(ssl_.get(), done);
    failure_ = next == SSL_ERROR_SSL ? ERR_peek_last_error() : 0;
    ERR_clear_error();
    return next;
  }

  asio::awaitable<error_code> go_on(int next) {
    const error_code sent = co_await flush();
    switch (next) {
      case SSL_ERROR_NONE:
        co_return sent;
      case SSL_ERROR_WANT_READ:
        break;
      case SSL_ERROR_ZERO_RETURN:
        co_return asio::error::eof;
      default:
        demanded_ = is_demand();
        co_return make_error_code(demanded_ ? TlsError::client_certificate_required
                                            : TlsError::broken);
    }
    // A peer may have answered before it closed, so a failed write does not hide what can be read.
    const IoResult got = co_await transport_->read_some(incoming_);
    if (got.ec) {
      co_return got.ec;
    }
    if (first_count_ < first_.size()) {
      const std::size_t more = std::min(first_.size() - first_count_, got.count);
      std::memcpy(first_.data() + first_count_, incoming_.data(), more);
      first_count_ += more;
    }
    BIO_write(SSL_get_rbio(ssl_.get()), incoming_.data(), static_cast<int>(got.count));
    co_return error_code{};
  }

  asio::awaitable<error_code> flush() {
    BIO* outgoing = SSL_get_wbio(ssl_.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(outgoing, &data);
    if (size <= 0) {
      co_return error_code{};
    }
    const std::span<const char> pending(data, static_cast<std::size_t>(size));
    const IoResult sent = co_await transport_->write(std::as_bytes(pending));
    BIO_reset(outgoing);
    co_return sent.ec;
  }

  /// Alerts that a server answers with where it misses a certificate (RFC 5246, 7.4.6; RFC 8446,
  /// 6.2). Only where it asked for one and we have none.
  bool is_demand() const noexcept {
    if (!observed_->client_certificate_asked || SSL_get_certificate(ssl_.get()) != nullptr) {
      return false;
    }
    switch (ERR_GET_REASON(failure_)) {
      case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return true;
      default:
        return false;
    }
  }

  std::unique_ptr<Stream> transport_;
  std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<Observed> observed_;  // lent to ssl_
  SslPointer ssl_;
  std::array<std::byte, 4096> incoming_;
  std::array<char, 32> first_{};
  std::size_t first_count_ = 0;
  unsigned long failure_ = 0;
  bool demanded_ = false;
};

/// Offers one protocol (RFC 7301, 3.1); none if the name is empty. False if it can't be sent.
bool offer_protocol(SSL* ssl, const std::string& name) {
  if (name.empty()) {
    return true;
  }
  std::vector<unsigned char> list{static_cast<unsigned char>(name.size())};
  list.insert(list.end(), name.begin(), name.end());
  return name.size() < 256 &&
         SSL_set_alpn_protos(ssl, list.data(), static_cast<unsigned>(list.size())) == 0;
}

std::string chosen_protocol(const SSL* ssl) {
  const unsigned char* data = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &data, &size);
  return {data, data + size};
}

/// Null if OpenSSL has no memory or the name can't be sent.
SslPointer make_ssl(SSL_CTX* context, const std::string& name, WallTime now, Observed& observed) {
  SslPointer ssl(SSL_new(context), &SSL_free);
  BIO* incoming = BIO_new(BIO_s_mem());
  BIO* outgoing = BIO_new(BIO_s_mem());
  if (!ssl || incoming == nullptr || outgoing == nullptr) {
    BIO_free(incoming);
    BIO_free(outgoing);
    return {nullptr, &SSL_free};
  }
  SSL_set_bio(ssl.get(), incoming, outgoing);
  SSL_set_connect_state(ssl.get());
  SSL_set_ex_data(ssl.get(), observed_index(), &observed);
  SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, &on_verify);
  SSL_set_cert_cb(ssl.get(), &on_client_certificate, nullptr);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
  X509_VERIFY_PARAM_set_time(
      param, std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now)));
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (const auto address = IpAddress::parse(name)) {
    const std::size_t size = address->is_v4() ? 4 : 16;
    X509_VERIFY_PARAM_set1_ip(param, address->bytes.data(), size);
  } else if (X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) != 1 ||
             SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1) {
    return {nullptr, &SSL_free};
  }
  return ssl;
}

Failure handshake_failure(const TlsStream& stream, error_code ec, const Deadline& deadline) {
  const std::string_view first = stream.first_bytes();
  // A TLS record starts with its type, 20 to 23, and the major version 3 (RFC 8446, 5.1).
  const bool speaks_tls =
      first.size() < 2 || (first[0] >= 0x14 && first[0] <= 0x17 && first[1] == 0x03);
  if (ec != TlsError::broken) {
    Failure failure = stream_failure(ec, Phase::tls, deadline);
    if (!speaks_tls && failure.reason != Reason::stalled) {
      failure.message += ", after it sent " + printable(first);
    }
    return failure;
  }
  if (!speaks_tls) {
    return {Reason::protocol_mismatch, "the peer does not speak TLS, it sent " + printable(first),
            0, std::nullopt};
  }
  const int reason = ERR_GET_REASON(stream.failure());
  switch (reason) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
      return {Reason::tls_version, "the server and this host have no TLS version in common", 0,
              std::nullopt};
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return {Reason::tls_handshake, "the server's certificate chain is larger than 100 KiB", 0,
              std::nullopt};
    default:
      break;
  }
  if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    const std::string alert = SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET);
    return {Reason::tls_handshake,
            stream.seen().client_certificate_asked
                ? "the server asked for a client certificate and ended the handshake: " + alert
                : "the server ended the handshake: " + alert,
            0, std::nullopt};
  }
  const char* why = ERR_reason_error_string(stream.failure());
  return {Reason::tls_handshake,
          "the TLS handshake failed: " + std::string(why == nullptr ? "unknown error" : why), 0,
          std::nullopt};
}

std::optional<CertificateFacts> first_to_end_of(const STACK_OF(X509) * path) {
  const X509* first = nullptr;
  for (int i = 0; i < sk_X509_num(path); ++i) {
    const X509* certificate = sk_X509_value(path, i);
    if (first == nullptr ||
        ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(first)) < 0) {
      first = certificate;
    }
  }
  return first == nullptr ? std::nullopt : std::optional(certificate_facts(first));
}

std::shared_ptr<TlsFacts> gather(const TlsStream& stream, const TlsOptions& options,
                                 const std::string& name) {
  auto facts = std::make_shared<TlsFacts>();
  facts->version = SSL_get_version(stream.ssl());
  const SSL_CIPHER* cipher = SSL_get_current_cipher(stream.ssl());
  // A handshake that the server ended for want of a client certificate has only a pending one.
  cipher = cipher == nullptr ? SSL_get_pending_cipher(stream.ssl()) : cipher;
  const char* cipher_name = cipher == nullptr ? nullptr : SSL_CIPHER_standard_name(cipher);
  facts->cipher = cipher_name == nullptr ? "" : cipher_name;
  facts->alpn = chosen_protocol(stream.ssl());
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(stream.ssl());
  facts->chain = chain_facts(sent);
  if (is_good_chain(stream.seen().findings)) {
    drop_unvouched_urls(facts->chain, sent, SSL_get0_verified_chain(stream.ssl()));
    facts->trusted_end = first_to_end_of(SSL_get0_verified_chain(stream.ssl()));
  }
  facts->client_certificate_asked = stream.seen().client_certificate_asked;
  judge_tls(*facts, stream.seen().findings, SSL_version(stream.ssl()), options, name);
  return facts;
}

/// None where the leaf itself is trusted: it has no issuer whose word counts.
std::optional<VerifiedChain> verified_chain(const TlsStream& stream) {
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(stream.ssl());
  if (sk_X509_num(chain) < 2 || !is_good_chain(stream.seen().findings)) {
    return std::nullopt;
  }
  VerifiedChain verified;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* certificate = sk_X509_value(chain, i);
    X509_up_ref(certificate);
    verified.certificates.emplace_back(certificate, &X509_free);
  }
  const unsigned char* staple = nullptr;
  // OpenSSL's macro takes it without const, and only reads.
  const long size =
      SSL_get_tlsext_status_ocsp_resp(const_cast<SSL*>(stream.ssl()), static_cast<void*>(&staple));
  if (staple != nullptr && size > 0) {
    verified.staple.assign(staple, staple + size);
  }
  return verified;
}

std::shared_ptr<X509> leaf_of(const TlsStream& stream) {
  return {SSL_get1_peer_certificate(stream.ssl()), &X509_free};
}

}  // namespace

error_code make_error_code(TlsError error) noexcept {
  static const TlsCategory kCategory;
  return {static_cast<int>(error), kCategory};
}

asio::awaitable<Result<TlsConnected>> start_tls(std::unique_ptr<Stream> transport,
                                                const TlsOptions& options, const std::string& host,
                                                Network& network, Deadline& deadline) {
  const auto context = network.trust.context(options);
  if (!context) {
    co_return std::unexpected(context.error());
  }
  std::string name = options.server_name.empty() ? host : options.server_name;
  if (name.ends_with('.')) {
    name.pop_back();  // neither SNI (RFC 6066, 3) nor certificates have the root's dot
  }
  auto observed = std::make_unique<Observed>();
  SslPointer ssl = make_ssl(context->get(), name, network.clock.wall_now(), *observed);
  if (!ssl || !offer_protocol(ssl.get(), options.alpn)) {
    ERR_clear_error();
    co_return std::unexpected(Failure{
        Reason::local_error, "OpenSSL can't start a handshake for " + name, 0, std::nullopt});
  }
  const bool ask_revocation = options.revocation != TlsOptions::Revocation::off;
  if (ask_revocation) {
    SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
  }
  auto stream = std::make_unique<TlsStream>(std::move(transport), std::move(ssl),
                                            std::move(observed), *context);
  const error_code ec = co_await stream->handshake();
  if (ec && !stream->demanded()) {
    co_return std::unexpected(handshake_failure(*stream, ec, deadline));
  }
  TlsConnected connected;
  connected.facts = gather(*stream, options, name);
  connected.leaf = leaf_of(*stream);
  connected.demanded = stream->demanded();
  if (ask_revocation) {
    connected.verified = verified_chain(*stream);
  }
  connected.stream = std::move(stream);
  co_return connected;
}

}  // namespace reachd::net
