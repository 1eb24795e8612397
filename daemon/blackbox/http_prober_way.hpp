#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/blackbox/http_prober_request.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/net/proxy.hpp"
#include "probes/net/tls.hpp"

namespace reachd::blackbox {

/// probe_http_duration_seconds of all hops so far. Of connect and tls only what succeeded.
struct HttpTimes {
  Duration resolve{};
  Duration connect{};  ///< with what a proxy takes to open its tunnel
  Duration tls{};
  Duration processing{};  ///< from the request to the answer's first byte
  Duration transfer{};    ///< of the final answer
};

/// What the handshake of a hop showed, its stream taken out.
struct HopTls {
  net::TlsOptions options;
  net::TlsConnected connected;
};

/// A stream over which the request of a hop can be sent.
struct Way {
  std::unique_ptr<net::Stream> stream;  ///< null: there is none; the log says why
  std::shared_ptr<const net::ProxyOptions>
      absolute;               ///< the proxy to ask in absolute-form, or null
  std::optional<HopTls> tls;  ///< also where the handshake does not count
};

/// True if the module has a proxy for any target.
bool has_proxy(const config::blackbox::HttpClient& client) noexcept;

/// Connects to where `hop` leads, or to the proxy for it, and does the handshake of https. Whatever
/// this host sends a packet to has to be on the allow list: the proxy, and a target that is an
/// address or was resolved here. A name that only the proxy resolves is the proxy's to judge. If it
/// is the first hop that is refused, `run.refused` says so; of the others the log does.
asio::awaitable<Way> open_way(Run& run, const Hop& hop, bool is_first, HttpTimes& times);

}  // namespace reachd::blackbox
