#include "probes/net/proxy.hpp"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "probes/core/words.hpp"
#include "probes/net/http.hpp"
#include "probes/net/socks.hpp"

namespace reachd::net {
namespace {

/// A stream of which the first bytes have been read already.
class PrefixedStream final : public Stream {
 public:
  PrefixedStream(std::unique_ptr<Stream> below, std::string prefix)
      : below_(std::move(below)), prefix_(std::move(prefix)) {}

  void abort() noexcept override { below_->abort(); }
  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    if (used_ == prefix_.size()) {
      co_return co_await below_->read_some(buffer);
    }
    const std::size_t count = std::min(buffer.size(), prefix_.size() - used_);
    std::memcpy(buffer.data(), prefix_.data() + used_, count);
    used_ += count;
    co_return IoResult{{}, count};
  }
  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    return below_->write(data);
  }
  asio::awaitable<void> finish() override { return below_->finish(); }

 private:
  std::unique_ptr<Stream> below_;
  std::string prefix_;
  std::size_t used_ = 0;
};

Reason refusal(int status) noexcept {
  if (status == 407) {
    return Reason::proxy_auth;
  }
  return status >= 400 && status < 500 ? Reason::proxy_denied : Reason::proxy_error;
}

/// What a failed CONNECT exchange means: silence stays `stalled`, since the proxy may be waiting
/// for a target that a firewall swallows; all else is the proxy's error.
Failure tunnel_failure(Failure failure, const ProxyOptions& proxy) {
  if (failure.reason == Reason::stalled) {
    failure.message = proxy.title() + " did not answer CONNECT in time";
  } else if (!is_local_fault(failure.reason)) {
    failure.reason = Reason::proxy_error;
    failure.message = proxy.title() + " did not open a tunnel: " + failure.message;
  }
  return failure;
}

/// The kind of proxy that a URL's scheme means.
std::optional<ProxyOptions::Kind> kind_of(std::string_view scheme) {
  if (scheme.empty() || scheme == "http") {
    return ProxyOptions::Kind::http;
  }
  return scheme == "socks5" || scheme == "socks5h" ? std::optional(ProxyOptions::Kind::socks5)
                                                   : std::nullopt;
}

constexpr std::string_view kUser = "proxy_user";
constexpr std::string_view kPassword = "proxy_password";
constexpr std::string_view kPasswordFile = "proxy_password_file";

void report_useless(Reader& params, std::initializer_list<std::string_view> keys,
                    std::string_view without) {
  for (const std::string_view key : keys) {
    if (params.has(key)) {
      params.error(key, std::string(key) + " has no effect without " + std::string(without));
    }
  }
}

void check_credentials(Reader& params, const ProxyOptions& proxy) {
  constexpr std::size_t kMaxField = 255;
  const bool socks = proxy.kind == ProxyOptions::Kind::socks5;
  const std::string& password = proxy.password.reveal();
  if (proxy.user.empty()) {
    report_useless(params, {kPassword, kPasswordFile}, kUser);
  } else if (!socks && proxy.user.contains(':')) {
    params.error(kUser, "proxy_user can't hold a colon (RFC 7617)");
  } else if (socks &&
             (proxy.user.size() > kMaxField || password.empty() || password.size() > kMaxField)) {
    params.error(kUser,
                 "proxy_user and proxy_password of a SOCKS5 proxy have 1 to 255 bytes each "
                 "(RFC 1929)");
  }
}

}  // namespace

std::string ProxyOptions::title() const {
  return "the proxy " + authority(server.host, server.port);
}

std::shared_ptr<const ProxyOptions> read_proxy(Reader& params) {
  const std::string url = params.text("proxy");
  auto options = std::make_shared<ProxyOptions>();
  options->user = params.text("proxy_user");
  options->password = params.secret("proxy_password").value_or(Secret{});
  options->no_proxy = params.texts("no_proxy");
  if (url.empty()) {
    report_useless(params, {kUser, kPassword, kPasswordFile, "no_proxy"}, "proxy");
    return nullptr;
  }
  auto server = parse_target(url, kDefaultProxyPort);
  if (!server) {
    params.error("proxy", "proxy: " + server.error());
    return nullptr;
  }
  const auto kind = kind_of(server->scheme);
  if (!kind) {
    params.error("proxy",
                 "proxy takes http://host:port or socks5://host:port; other kinds of proxies are "
                 "not spoken");
    return nullptr;
  }
  if (!server->path.empty() && server->path != "/") {
    params.error("proxy", "proxy takes no path: it is a host and a port, not a PAC file");
  }
  options->kind = *kind;
  options->server = std::move(*server);
  for (const std::string& entry : options->no_proxy) {
    const auto cidr = Cidr::parse(entry);
    if (entry.contains('/') && !cidr) {
      params.error("no_proxy", "no_proxy: " + cidr.error());
    }
  }
  check_credentials(params, *options);
  return options;
}

std::shared_ptr<const ProxyOptions> proxy_for(std::shared_ptr<const ProxyOptions> proxy,
                                              const Target& target) {
  if (proxy && is_exempt(proxy->no_proxy, target)) {
    return nullptr;
  }
  return proxy;
}

std::shared_ptr<const ProxyOptions> read_proxy(Reader& params, const Target& target) {
  return proxy_for(read_proxy(params), target);
}

bool is_exempt(const std::vector<std::string>& no_proxy, const Target& host) {
  std::string name = lower(host.host);
  if (name.ends_with('.')) {
    name.pop_back();
  }
  return std::ranges::any_of(no_proxy, [&](const std::string& entry) {
    if (entry == "*") {
      return true;
    }
    if (host.literal) {
      const auto cidr = Cidr::parse(entry);
      return cidr && cidr->contains(*host.literal);
    }
    const std::string wanted = lower(entry);
    return wanted.starts_with('.') ? name.ends_with(wanted) : name == wanted;
  });
}

asio::awaitable<Result<std::unique_ptr<Stream>>> open_tunnel(std::unique_ptr<Stream> stream,
                                                             const ProxyOptions& proxy,
                                                             const std::string& host,
                                                             std::uint16_t port,
                                                             const Deadline& deadline) {
  if (proxy.kind == ProxyOptions::Kind::socks5) {
    auto socks = co_await open_socks_tunnel(std::move(stream), proxy, host, port, deadline);
    co_return socks;
  }
  HttpRequest request;
  request.method = "CONNECT";
  request.target = authority(host, port);
  request.headers.emplace_back("Host", Secret(request.target));
  request.headers.emplace_back("User-Agent", Secret(user_agent()));
  const Secret credentials = proxy_authorization(proxy);
  if (!credentials.empty()) {
    request.headers.emplace_back("Proxy-Authorization", credentials);
  }
  request.headers.insert(request.headers.end(), proxy.connect_headers.begin(),
                         proxy.connect_headers.end());
  const HttpLimits limits;
  auto response = co_await exchange(*stream, request, limits, Phase::proxy, deadline);
  if (!response) {
    co_return std::unexpected(tunnel_failure(std::move(response.error()), proxy));
  }
  if (response->status / 100 != 2) {
    co_return std::unexpected(Failure{
        refusal(response->status),
        proxy.title() + " answered CONNECT " + request.target + " with " + response->title(), 0,
        std::nullopt});
  }
  if (response->rest.empty()) {
    co_return std::move(stream);
  }
  co_return std::make_unique<PrefixedStream>(std::move(stream), std::move(response->rest));
}

Secret proxy_authorization(const ProxyOptions& proxy) {
  if (proxy.user.empty()) {
    return {};
  }
  return Secret("Basic " + base64(proxy.user + ":" + proxy.password.reveal()));
}

}  // namespace reachd::net
