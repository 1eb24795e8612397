#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probes/core/reader.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/target.hpp"
#include "probes/net/network.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// A forward proxy. Immutable, shared by all checks that go through it.
struct ProxyOptions {
  Target server;  ///< scheme http: CONNECT, and absolute-form for http URLs
  std::string user;
  Secret password;
  std::vector<std::string> no_proxy;  ///< targets that go direct

  /// "the proxy proxy.example.com:3128", for messages
  std::string title() const;
};

/// Reads `proxy: http://host:port`, `proxy_user`, `proxy_password[_file]` and `no_proxy: [host,
/// .suffix, CIDR]`. Null if there is no proxy.
std::shared_ptr<const ProxyOptions> read_proxy(Reader& params);
/// The proxy for this target: null if there is none or the target is exempt.
std::shared_ptr<const ProxyOptions> proxy_for(std::shared_ptr<const ProxyOptions> proxy,
                                              const Target& target);
/// Both at once, for probes with one target.
std::shared_ptr<const ProxyOptions> read_proxy(Reader& params, const Target& target);

/// True if `host` is covered by an entry: equal, below ".suffix", or an address inside a CIDR; "*"
/// covers all. Letters in any case.
bool is_exempt(const std::vector<std::string>& no_proxy, const Target& host);

/// Asks the proxy on `stream` for a tunnel to host:port (RFC 9110, 9.3.6) and yields the stream
/// through it. 407: proxy_auth; 403 and other 4xx: proxy_denied; everything else that is no tunnel:
/// proxy_error; silence: stalled.
asio::awaitable<Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> stream,
                                                             const ProxyOptions& proxy,
                                                             const std::string& host,
                                                             std::uint16_t port,
                                                             const Deadline& deadline);

/// "Basic ..." for Proxy-Authorization (RFC 7617), empty without a user.
Secret proxy_authorization(const ProxyOptions& proxy);

}  // namespace reachd::net
