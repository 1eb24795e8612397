#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "probes/core/probe.hpp"
#include "probes/net/proxy.hpp"
#include "probes/net/stream.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/tls.hpp"

namespace reachd::net {

class Conversation;

/// How to get a stream to a target: what most probes call first.
struct DialOptions {
  TcpOptions tcp;
  std::shared_ptr<const ProxyOptions> proxy;  ///< null: direct; else through its tunnel
  std::shared_ptr<const TlsOptions> tls;      ///< null: plain
};

/// Reads `source` (an address of this host) and `close` (graceful or reset).
TcpOptions read_tcp(Reader& params);
/// Reads what all probes over TCP share: the keys of read_tcp and read_proxy. `tls` is left null.
DialOptions read_dial(Reader& params, const Target& target);

/// How a protocol is protected on the wire.
enum class Security : std::uint8_t {
  none,
  tls,       ///< TLS from the first byte
  starttls,  ///< the protocol asks for it, then a handshake on the same connection
};

/// For protocols that may be spoken in clear, over TLS, or may change to it.
struct SecureDialOptions {
  DialOptions dial;  ///< its `tls` is set for Security::tls only
  Security security = Security::none;
  std::shared_ptr<const TlsOptions> tls;  ///< null for Security::none
};

/// read_dial(), `security: none | tls | starttls` (the last only where `offers_starttls`) and the
/// map `tls`, an error without security.
SecureDialOptions read_secure_dial(Reader& params, const Target& target, Security fallback,
                                   bool offers_starttls, TlsOptions::Verify verify);

struct Dialed {
  std::unique_ptr<Stream> stream;
  std::shared_ptr<const TlsFacts>
      tls;  ///< facts and judgement, if TLS was asked for; kept on a bad judgement
};

/// Connects (through the proxy if there is one), then does the TLS handshake, entering the phases
/// as it goes. The TLS judgement is in `tls`, not an error: the caller decides (tls_verdict).
/// `host` is the name for SNI, for the name check and for the proxy; `endpoint` is where to
/// connect: if there is none, `host` is resolved here and its addresses are tried in order. With a
/// proxy the proxy's own host is resolved and `host` goes there as it is.
asio::awaitable<Result<Dialed>> dial(ProbeRun& run, const DialOptions& options,
                                     const std::string& host, std::uint16_t port,
                                     std::optional<Endpoint> endpoint);

/// The handshake of a protocol's STARTTLS over its own stream, its judgement, and revocation if
/// `options` asks for it (find_revocation, which goes where `way` goes), in phase tls; the phase
/// afterwards is the caller's to enter.
asio::awaitable<Result<Dialed>> upgrade(ProbeRun& run, std::unique_ptr<Stream> stream,
                                        const TlsOptions& options, const std::string& host,
                                        const DialOptions& way);

/// The outcome of a probe whose protocol was content: a success unless the certificate is judged
/// bad and `options` (null: no TLS) is strict: a failure in phase tls. `facts` may be null.
Outcome judged(const ProbeRun& run, const TlsOptions* options,
               std::shared_ptr<const TlsFacts> facts);

/// The outcome of a probe whose conversation broke off: the failure, with the certificate's facts.
/// A server that goes on only with a client certificate has proven itself: judged() then decides.
Outcome broke_off(const ProbeRun& run, const Conversation& talk, Failure failure,
                  const TlsOptions* options, std::shared_ptr<const TlsFacts> facts);

/// Connects to the proxy only, for http requests in absolute-form (RFC 9112, 3.2.2). All of it is
/// phase proxy. A failure is proxy_unreachable with the cause, its errno and its offender, except
/// for faults of this host, which keep their reason.
asio::awaitable<Result<std::unique_ptr<Stream>>> dial_proxy(ProbeRun& run,
                                                            const ProxyOptions& proxy,
                                                            const TcpOptions& options);

}  // namespace reachd::net
