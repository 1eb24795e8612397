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
  std::shared_ptr<const ProxyOptions> proxy;  ///< null: direct
  std::shared_ptr<const TlsOptions> tls;      ///< null: plain
};

struct Dialed {
  std::unique_ptr<Stream> stream;
  std::shared_ptr<const TlsFacts>
      tls;  ///< facts and judgement, if TLS was asked for; kept on a bad judgement
};

/// Connects (through the proxy if there is one), then does the TLS handshake, entering the phases
/// as it goes. The TLS judgement is in `tls`, not an error: the caller decides
/// (TlsOptions::verify). `host` is the name for SNI, for the name check and for the proxy;
/// `endpoint` is where to connect, none if a proxy resolves the name.
asio::awaitable<Result<Dialed>> dial(ProbeRun& run, const DialOptions& options,
                                     const std::string& host, std::uint16_t port,
                                     std::optional<Endpoint> endpoint);

}  // namespace reachd::net
