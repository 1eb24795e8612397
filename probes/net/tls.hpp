#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "probes/core/outcome.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/secret.hpp"
#include "probes/net/network.hpp"
#include "probes/net/stream.hpp"

struct x509_st;  // OpenSSL's X509

namespace reachd::net {

/// How to handshake and how to judge. Immutable, shared by checks.
struct TlsOptions {
  enum class Verify : std::uint8_t { strict, observe };
  enum class Revocation : std::uint8_t {
    off,   ///< nobody is asked
    soft,  ///< a revoked certificate is wrong; an unknown one is not
    hard   ///< an unknown one is wrong too
  };

  Verify verify =
      Verify::strict;  ///< observe: everything is recorded, the verdict stays unaffected
  Revocation revocation = Revocation::off;
  std::string server_name;                    ///< SNI and name check; empty: the target's host
  std::string ca_file;                        ///< empty: the system's authorities
  std::string certificate_file;               ///< client certificate chain, PEM
  std::string key_file;                       ///< its key, PEM
  std::vector<std::string> expected_issuers;  ///< substrings of an issuer in the chain; empty: any
  std::vector<std::string> usual_issuers;  ///< the same, but only told: an unusual one explains a
                                           ///< chain that is not trusted, and is no fault itself
  std::uint16_t min_version = 0x0303;      ///< TLS 1.2 (RFC 5246); 0x0304 is TLS 1.3
  std::uint16_t max_version = 0;           ///< 0: the newest
  std::string alpn{};  ///< the one protocol that is offered (RFC 7301), by the probe; empty: none
  /// The same as the files, PEM itself; taken first. `key_pem` belongs to `certificate_pem`.
  std::string ca_pem{};
  std::string certificate_pem{};
  Secret key_pem{};
};

/// Reads the key `tls` of a probe's parameters, a map of verify, ca_file, expected_issuers,
/// server_name, certificate_file, key_file, min_version, max_version, revocation. Never null.
/// `fallback` serves where `verify` is not written; where `revocation` is not, it is soft for
/// strict and off for observe.
std::shared_ptr<const TlsOptions> read_tls(Reader& params, TlsOptions::Verify fallback);

/// A chain that a handshake showed and that verified: what find_revocation() asks about.
struct VerifiedChain {
  /// The leaf first, then each one's issuer, the trusted anchor last; at least two.
  std::vector<std::shared_ptr<x509_st>> certificates;
  std::string staple;  ///< the OCSP response that came along (RFC 6066, 8); or empty
};

/// Errors of a TLS stream that are not its transport's.
enum class TlsError : int {
  client_certificate_required = 1,  ///< the server goes on only with a client certificate
  broken = 2,                       ///< an alert, or bytes that are not TLS, after the handshake
};
error_code make_error_code(TlsError) noexcept;

struct TlsConnected {
  std::unique_ptr<Stream> stream;
  std::shared_ptr<TlsFacts> facts;
  /// What to ask about revocation: set if `revocation` is not off and the chain is trusted and
  /// within its dates, so that there is an issuer whose word counts.
  std::optional<VerifiedChain> verified;
  std::shared_ptr<x509_st> leaf;  ///< the server's certificate; null if it has none
  /// The server ended the handshake for want of a client certificate: it did not take place.
  bool demanded = false;
};

/// Client handshake over any stream (TCP, a proxy's tunnel, STARTTLS). Always completes for
/// observation; version, issuer, trust, expiry and name are judged afterwards, in this order, into
/// TlsFacts::judgement; about revocation the caller asks then (upgrade() does both). SNI (RFC 6066,
/// 3) is `server_name` or else `host`, and is not sent for an address. Fails only if there is no
/// connection: tls_handshake, tls_version, protocol_mismatch (the peer does not speak TLS),
/// closed_early, stalled, reset, and local_error for files that can't be read.
///
/// A server that insists on a client certificate where none is configured has shown itself with its
/// own certificate, so that is no failure: reading and writing then yield
/// TlsError::client_certificate_required. TLS 1.2 says it in the handshake, TLS 1.3 on the first
/// read (RFC 8446, 4.4.2.4). The stream does one operation at a time.
asio::awaitable<Result<TlsConnected>> start_tls(std::unique_ptr<Stream> transport,
                                                const TlsOptions& options, const std::string& host,
                                                Network& network, Deadline& deadline);

/// What the judgement means for the probe: a failure if it is bad and `verify` is strict.
std::optional<Failure> tls_verdict(const TlsOptions& options, const TlsFacts& facts);

}  // namespace reachd::net

template <>
struct boost::system::is_error_code_enum<reachd::net::TlsError> : std::true_type {};
