#pragma once

#include <memory>
#include <optional>

#include "probes/core/probe.hpp"
#include "probes/net/proxy.hpp"
#include "probes/net/stream.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/tls.hpp"

namespace reachd::net {

/// How to get a stream to a target: what most probes call first.
struct DialOptions {
  TcpOptions tcp;
  std::shared_ptr<const ProxyOptions> proxy;  ///< null: direct; else by CONNECT
  std::shared_ptr<const TlsOptions> tls;      ///< null: plain
};

/// Reads `source` (an address of this host) and `close` (graceful or reset).
TcpOptions read_tcp(Reader& params);
/// Reads what all probes over TCP share: the keys of read_tcp and read_proxy. `tls` is left null.
DialOptions read_dial(Reader& params, const Target& target);

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

/// Connects to the proxy only, for http requests in absolute-form (RFC 9112, 3.2.2). All of it is
/// phase proxy. A failure is proxy_unreachable with the cause, its errno and its offender, except
/// for faults of this host, which keep their reason.
asio::awaitable<Result<std::unique_ptr<Stream>>> dial_proxy(ProbeRun& run,
                                                            const ProxyOptions& proxy,
                                                            const TcpOptions& options);

}  // namespace reachd::net
