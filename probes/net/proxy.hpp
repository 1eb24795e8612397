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
  Target server;  ///< scheme http (CONNECT, and absolute-form for http URLs)
  std::string user;
  Secret password;
};

/// Reads `proxy: http://host:port` with `proxy_user`, `proxy_password[_file]` and `no_proxy: [host,
/// .suffix, CIDR]`. Null if there is none or `target` is exempt.
std::shared_ptr<const ProxyOptions> read_proxy(Reader& reader, const Target& target);

/// True if `host` is covered by an entry: equal, below ".suffix", or an address inside a CIDR; "*"
/// covers all.
bool is_exempt(const std::vector<std::string>& no_proxy, const Target& host);

/// Asks the proxy on `stream` for a tunnel to host:port (RFC 9110, 9.3.6). 407: proxy_auth; 403 and
/// other 4xx: proxy_denied; 5xx and everything else: proxy_error.
asio::awaitable<Result<void>> open_tunnel(Stream& stream, const ProxyOptions& proxy,
                                          const std::string& host, std::uint16_t port,
                                          const Deadline& deadline);

/// "Basic ..." for Proxy-Authorization, empty without a user.
std::string proxy_authorization(const ProxyOptions& proxy);

}  // namespace reachd::net
