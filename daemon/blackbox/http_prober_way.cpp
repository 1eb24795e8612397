#include "daemon/blackbox/http_prober_way.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "daemon/blackbox/tls_samples.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/tcp.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::HttpClient;

/// Of a name that a redirect or a proxy has: as many as a browser would try.
constexpr std::size_t kMostAddresses = 4;

TimePoint now(const Run& run) { return run.network.clock.steady_now(); }

void refuse(Run& run, bool is_first, const std::string& host, const Endpoint& endpoint) {
  std::string sentence = host + " (" + endpoint.to_string() + ") may not be asked with module " +
                         run.module.name +
                         ": no entry of probe_allow in reachd's configuration allows it.";
  log_line(run, [&] { return sentence; });
  if (is_first) {
    run.refused = std::move(sentence);
  }
}

/// What is on the allow list of the addresses of `host`, which are `known` or found out here; empty
/// if there are none, which the log says then.
asio::awaitable<std::vector<IpAddress>> allowed_addresses(Run& run, bool is_first, std::string host,
                                                          std::uint16_t port,
                                                          std::optional<IpAddress> known) {
  std::vector<IpAddress> addresses;
  if (known) {
    addresses.push_back(*known);
  } else {
    const std::span<const Endpoint> system_servers;
    auto found = co_await run.network.resolver.resolve(host, system_servers, run.deadline);
    if (!found) {
      log_line(run, [&] { return "can't resolve " + host + ": " + found.error().message; });
      co_return addresses;
    }
    addresses = std::move(*found);
  }
  std::optional<IpAddress> refused;
  std::erase_if(addresses, [&](const IpAddress& address) {
    const bool allowed = run.allow.allows(address, port, run.module.name);
    if (!allowed) {
      refused = address;
    }
    return !allowed;
  });
  if (addresses.empty() && refused) {
    refuse(run, is_first, host, {*refused, port});
  }
  co_return addresses;
}

/// The first address that takes the connection; null if none does.
asio::awaitable<std::unique_ptr<net::Stream>> connect_any(Run& run,
                                                          std::vector<IpAddress> addresses,
                                                          std::uint16_t port) {
  const net::TcpOptions options;
  for (std::size_t i = 0; i < std::min(addresses.size(), kMostAddresses); ++i) {
    const Endpoint endpoint{addresses[i], port};
    auto stream = co_await net::connect_tcp(run.network, endpoint, options, run.deadline);
    if (stream) {
      log_line(run, [&] { return "connected to " + endpoint.to_string(); });
      co_return std::move(*stream);
    }
    log_line(run, [&] { return stream.error().message; });
    if (run.deadline.ended() != net::Deadline::Ended::no) {
      break;
    }
  }
  co_return nullptr;
}

/// Resolves and connects, and adds what both took.
asio::awaitable<std::unique_ptr<net::Stream>> reach(Run& run, bool is_first, std::string host,
                                                    std::uint16_t port,
                                                    std::optional<IpAddress> known,
                                                    HttpTimes& times) {
  const TimePoint start = now(run);
  auto addresses = co_await allowed_addresses(run, is_first, std::move(host), port, known);
  const TimePoint resolved = now(run);
  times.resolve += resolved - start;
  auto stream = co_await connect_any(run, std::move(addresses), port);
  if (stream != nullptr) {
    times.connect += now(run) - resolved;
  }
  co_return stream;
}

std::shared_ptr<const net::ProxyOptions> proxy_for(const HttpClient& client, const Hop& hop) {
  const auto& proxy = hop.url.scheme == "https" ? client.https_proxy : client.http_proxy;
  if (!proxy || net::is_exempt(client.no_proxy, hop.url)) {
    return nullptr;
  }
  Target address;
  address.literal = hop.address;
  if (hop.address && net::is_exempt(client.no_proxy, address)) {
    return nullptr;
  }
  auto options = std::make_shared<net::ProxyOptions>();
  options->kind = proxy->socks5 ? net::ProxyOptions::Kind::socks5 : net::ProxyOptions::Kind::http;
  options->server = proxy->server;
  options->user = proxy->user;
  options->password = proxy->password;
  for (const HttpClient::Header& header : client.proxy_connect_header) {
    for (const config::blackbox::Source& value : header.values) {
      options->connect_headers.emplace_back(header.name, value.text);
    }
  }
  return options;
}

/// To the target itself.
asio::awaitable<Way> go_direct(Run& run, const Hop& hop, bool is_first, HttpTimes& times) {
  Way way;
  const auto known = hop.address ? hop.address : hop.url.literal;
  way.stream = co_await reach(run, is_first, hop.url.host, hop.url.port, known, times);
  co_return way;
}

asio::awaitable<Way> go_through(Run& run, const Hop& hop, bool is_first, HttpTimes& times,
                                std::shared_ptr<const net::ProxyOptions> proxy) {
  Way way;
  const auto target = hop.address ? hop.address : hop.url.literal;
  if (target && !run.allow.allows(*target, hop.url.port, run.module.name)) {
    refuse(run, is_first, hop.url.host, {*target, hop.url.port});
    co_return way;
  }
  auto leg = co_await reach(run, is_first, proxy->server.host, proxy->server.port,
                            proxy->server.literal, times);
  if (leg == nullptr) {
    log_line(run, [&] { return proxy->title() + " can't be reached"; });
    co_return way;
  }
  if (proxy->kind == net::ProxyOptions::Kind::http && hop.url.scheme == "http") {
    way.stream = std::move(leg);
    way.absolute = std::move(proxy);
    co_return way;
  }
  const TimePoint start = now(run);
  const std::string host = target ? target->to_string() : hop.url.host;
  auto tunnel = co_await net::open_tunnel(std::move(leg), *proxy, host, hop.url.port, run.deadline);
  if (tunnel) {
    times.connect += now(run) - start;
    way.stream = std::move(*tunnel);
  } else {
    log_line(run, [&] { return tunnel.error().message; });
  }
  co_return way;
}

/// The handshake over the way's stream, which goes if it fails or does not count.
asio::awaitable<void> secure_way(Run& run, const Hop& hop, Way& way, HttpTimes& times) {
  const auto config = tls_options(run.module.http.client.tls_config);
  auto transport = std::exchange(way.stream, nullptr);
  if (!config) {
    log_line(run, [&] { return config.error(); });
    co_return;
  }
  net::TlsOptions options = *config;
  if (!hop.own) {
    options.server_name.clear();  // it is the name of another host
  }
  const std::string name = hop.own ? host_name(hop.host) : hop.url.host;
  const TimePoint start = now(run);
  auto connected =
      co_await net::start_tls(std::move(transport), options, name, run.network, run.deadline);
  if (!connected) {
    log_line(run, [&] { return connected.error().message; });
    co_return;
  }
  times.tls += now(run) - start;
  const std::string complaint = tls_complaint(options, *connected);
  log_line(run, [&] {
    return connected->facts->version + " with " + connected->facts->cipher +
           (complaint.empty() ? "" : ", but " + complaint);
  });
  if (complaint.empty()) {
    way.stream = std::move(connected->stream);
  }
  way.tls.emplace(std::move(options), std::move(*connected));
}

}  // namespace

bool has_proxy(const HttpClient& client) noexcept {
  return client.http_proxy.has_value() || client.https_proxy.has_value();
}

asio::awaitable<Way> open_way(Run& run, const Hop& hop, bool is_first, HttpTimes& times) {
  auto proxy = proxy_for(run.module.http.client, hop);
  Way way;
  if (proxy) {
    way = co_await go_through(run, hop, is_first, times, std::move(proxy));
  } else {
    way = co_await go_direct(run, hop, is_first, times);
  }
  if (way.stream != nullptr && hop.url.scheme == "https") {
    co_await secure_way(run, hop, way, times);
  }
  co_return way;
}

}  // namespace reachd::blackbox
