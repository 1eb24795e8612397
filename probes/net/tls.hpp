#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/core/outcome.hpp"
#include "probes/core/reader.hpp"
#include "probes/net/network.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// How to handshake and how to judge. Immutable, shared by checks.
struct TlsOptions {
  enum class Verify : std::uint8_t { strict, observe };

  Verify verify =
      Verify::strict;            ///< observe: everything is recorded, the verdict stays unaffected
  std::string server_name;       ///< SNI and name check; empty: the target's host
  std::string ca_file;           ///< empty: the system's authorities
  std::string certificate_file;  ///< client certificate chain, PEM
  std::string key_file;          ///< its key, PEM
  std::vector<std::string> expected_issuers;  ///< substrings of an issuer in the chain; empty: any
  std::uint16_t min_version = 0x0303;         ///< TLS 1.2 (RFC 5246); 0x0304 is TLS 1.3
  std::uint16_t max_version = 0;              ///< 0: the newest
};

/// Reads a `tls:` map: verify, ca_file, expected_issuers, server_name, certificate_file, key_file,
/// min_version, max_version.
std::shared_ptr<const TlsOptions> read_tls(Reader& reader, TlsOptions::Verify fallback);

struct TlsConnected {
  std::unique_ptr<Stream> stream;
  std::shared_ptr<const TlsFacts> facts;
};

/// Client handshake over any stream (TCP, a proxy's tunnel, STARTTLS). Always completes for
/// observation; name, trust, expiry, issuer and version are judged afterwards into
/// TlsFacts::judgement. Fails only if there is no connection: tls_handshake, tls_version,
/// closed_early, stalled, reset.
asio::awaitable<Result<TlsConnected>> start_tls(std::unique_ptr<Stream> transport,
                                                const TlsOptions& options, const std::string& host,
                                                Network& network, Deadline& deadline);

}  // namespace reachd::net
