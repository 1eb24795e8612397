#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probes/core/reader.hpp"
#include "probes/core/secret.hpp"
#include "probes/core/target.hpp"
#include "probes/net/network.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// A forward proxy. Immutable, shared by all checks that go through it.
struct ProxyOptions {
  enum class Kind : std::uint8_t {
    http,    ///< CONNECT, and absolute-form for http URLs
    socks5,  ///< RFC 1928; everything goes through a tunnel
  };

  Kind kind = Kind::http;
  Target server;
  std::string user;
  Secret password;
  std::vector<std::string> no_proxy;                            ///< targets that go direct
  std::vector<std::pair<std::string, Secret>> connect_headers;  ///< said with CONNECT too

  /// "the proxy proxy.example.com:3128", for messages
  std::string title() const;
};

/// Reads `proxy: http://host:port` or `socks5://host:port` (`socks5h` is the same), `proxy_user`,
/// `proxy_password[_file]` and `no_proxy: [host, .suffix, CIDR]`. Without a port: 3128, of http://
/// 80, of socks5:// 1080. Null if there is no proxy; the other keys are errors then.
std::shared_ptr<const ProxyOptions> read_proxy(Reader& params);
/// The proxy for this target: null if there is none or the target is exempt.
std::shared_ptr<const ProxyOptions> proxy_for(std::shared_ptr<const ProxyOptions> proxy,
                                              const Target& target);
/// Both at once, for probes with one target.
std::shared_ptr<const ProxyOptions> read_proxy(Reader& params, const Target& target);

/// True if `host` is covered by an entry: equal, below ".suffix", or an address inside a CIDR; "*"
/// covers all. Letters in any case.
bool is_exempt(const std::vector<std::string>& no_proxy, const Target& host);

/// Asks the proxy on `stream` for a tunnel to host:port and yields the stream through it, by
/// CONNECT (RFC 9110, 9.3.6) or by SOCKS5 (open_socks_tunnel). 407: proxy_auth; 403 and other 4xx:
/// proxy_denied; everything else that is no tunnel: proxy_error; silence: stalled.
asio::awaitable<Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> stream,
                                                             const ProxyOptions& proxy,
                                                             const std::string& host,
                                                             std::uint16_t port,
                                                             const Deadline& deadline);

/// "Basic ..." for Proxy-Authorization (RFC 7617), empty without a user.
Secret proxy_authorization(const ProxyOptions& proxy);

}  // namespace reachd::net
