#include "probes/net/fetch.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "probes/net/http.hpp"
#include "probes/net/http_text.hpp"
#include "probes/net/resolver.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMostAddresses = 2;

enum class Realm : std::uint8_t { ordinary, loopback, link_local, nowhere };

Realm realm_of_v4(std::uint8_t first, std::uint8_t second) noexcept {
  if (first == 127) {
    return Realm::loopback;
  }
  if (first == 169 && second == 254) {
    return Realm::link_local;
  }
  // "This network" (RFC 1122, 3.2.1.3), multicast and all above it.
  return first == 0 || first >= 224 ? Realm::nowhere : Realm::ordinary;
}

Realm realm_of(const IpAddress& address) noexcept {
  const auto& bytes = address.bytes;
  if (address.is_v4()) {
    return realm_of_v4(bytes[0], bytes[1]);
  }
  const auto zeros = static_cast<std::size_t>(
      std::ranges::find_if(bytes, [](std::uint8_t byte) { return byte != 0; }) - bytes.begin());
  if (zeros == 10 && bytes[10] == 0xFF && bytes[11] == 0xFF) {
    return realm_of_v4(bytes[12], bytes[13]);  // IPv4-mapped (RFC 4291, 2.5.5.2)
  }
  if (zeros >= 12) {
    return address.is_loopback() ? Realm::loopback : Realm::nowhere;
  }
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0U) == 0x80U) {
    return Realm::link_local;
  }
  return bytes[0] == 0xFF ? Realm::nowhere : Realm::ordinary;
}

std::unexpected<Failure> failure(Reason reason, std::string message) {
  return std::unexpected(Failure{reason, std::move(message), 0, std::nullopt});
}

/// Where the check's target is, as far as this run knows.
std::optional<IpAddress> target_address(const ProbeRun& run) {
  return run.endpoint ? std::optional(run.endpoint->address) : run.target.literal;
}

/// Plain TCP to the URL's host, without a proxy.
asio::awaitable<Result<std::unique_ptr<Stream>>> connect_host(ProbeRun& run, const TcpOptions& tcp,
                                                              const Target& url) {
  std::vector<IpAddress> addresses;
  if (url.literal) {
    addresses.push_back(*url.literal);
  } else {
    auto found = co_await run.network.resolver.resolve(url.host, run.name_servers, run.deadline);
    if (!found) {
      co_return std::unexpected(std::move(found.error()));
    }
    addresses = std::move(*found);
  }
  const auto target = target_address(run);
  std::erase_if(addresses,
                [&](const IpAddress& address) { return !may_fetch_from(address, target); });
  Result<std::unique_ptr<Stream>> stream = failure(
      Reason::admin_prohibited, url.host + " has no address that a certificate may send us to");
  for (std::size_t i = 0; i < std::min(addresses.size(), kMostAddresses); ++i) {
    const Endpoint endpoint{addresses[i], url.port};
    stream = co_await connect_tcp(run.network, endpoint, tcp, run.deadline);
    if (stream || run.deadline.ended() != Deadline::Ended::no) {
      break;
    }
  }
  co_return stream;
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect_for(
    ProbeRun& run, const TcpOptions& tcp, std::shared_ptr<const ProxyOptions> proxy,
    const Target& url) {
  if (!proxy) {
    auto direct = co_await connect_host(run, tcp, url);
    co_return direct;
  }
  if (url.literal && !may_fetch_from(*url.literal, target_address(run))) {
    co_return failure(Reason::admin_prohibited,
                      url.host + " is no address that a certificate may send us to");
  }
  auto leg = co_await dial_proxy(run, *proxy, tcp);
  if (!leg || proxy->kind == ProxyOptions::Kind::http) {
    co_return leg;
  }
  auto tunnel = co_await open_tunnel(std::move(*leg), *proxy, url.host, url.port, run.deadline);
  co_return tunnel;
}

HttpRequest make_request(const FetchRequest& request, const ProxyOptions* absolute) {
  HttpRequest http;
  http.method = request.method;
  http.body = request.body;
  http.target = absolute == nullptr ? request.url.path : url_text(request.url, true);
  const auto add = [&](const char* name, Secret value) {
    if (!value.reveal().empty()) {
      http.headers.emplace_back(name, std::move(value));
    }
  };
  add("Host", Secret(authority(request.url.host, shown_port(request.url))));
  add("User-Agent", Secret(user_agent()));
  add("Accept", Secret("*/*"));
  add("Content-Type", Secret(request.content_type));
  if (absolute != nullptr) {
    add("Proxy-Authorization", proxy_authorization(*absolute));
  }
  return http;
}

}  // namespace

bool may_fetch_from(const IpAddress& address, const std::optional<IpAddress>& target) noexcept {
  const Realm realm = realm_of(address);
  return realm == Realm::ordinary ||
         (realm != Realm::nowhere && target && realm_of(*target) == realm);
}

asio::awaitable<Result<std::string>> fetch(ProbeRun& run, const DialOptions& options,
                                           const FetchRequest& request) {
  const auto proxy = proxy_for(options.proxy, request.url);
  auto stream = co_await connect_for(run, options.tcp, proxy, request.url);
  if (!stream) {
    co_return std::unexpected(std::move(stream.error()));
  }
  const bool absolute = proxy && proxy->kind == ProxyOptions::Kind::http;
  const HttpRequest http = make_request(request, absolute ? proxy.get() : nullptr);
  HttpLimits limits;
  limits.body = request.most;
  auto response = co_await exchange(**stream, http, limits, Phase::request, run.deadline);
  if (!response) {
    co_return std::unexpected(std::move(response.error()));
  }
  if (response->status != 200) {
    co_return failure(Reason::http_status, "the server answered " + response->title());
  }
  if (response->cut) {
    co_return failure(Reason::content_mismatch,
                      "the answer is larger than " + std::to_string(request.most / 1024) + " KiB");
  }
  if (response->body_failure) {
    co_return std::unexpected(std::move(*response->body_failure));
  }
  co_return std::move(response->body);
}

}  // namespace reachd::net
