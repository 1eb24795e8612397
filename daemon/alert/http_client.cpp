#include "daemon/alert/http_client.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "daemon/alert/reach.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/probe.hpp"
#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/http_fields.hpp"
#include "probes/net/http_text.hpp"
#include "probes/net/resolver.hpp"

namespace reachd::alert {
namespace {

constexpr net::HttpLimits kLimits{.head = std::size_t{16} * 1024, .body = std::size_t{4} * 1024};
constexpr std::size_t kMostAddresses = 4;
constexpr std::size_t kLongestExcerpt = 200;
constexpr Duration kLongestWish = std::chrono::hours(1);

/// All of a URL that messages show.
std::string origin(const Target& url) {
  return url.scheme + "://" + net::authority(url.host, net::shown_port(url));
}

bool takes_absolute_form(const net::ProxyOptions* proxy, const Target& url) {
  return proxy != nullptr && proxy->kind == net::ProxyOptions::Kind::http && url.scheme == "http";
}

/// `through`: the proxy that gets an absolute URL, or null.
net::HttpRequest make_request(const HttpOptions& options, const Target& url, HttpMessage message,
                              const net::ProxyOptions* through) {
  net::HttpRequest request;
  request.method = std::move(message.method);
  request.target = through == nullptr ? url.path : net::url_text(url, true);
  request.body = std::move(message.body);
  request.headers = options.headers;
  for (auto& [name, value] : message.headers) {
    request.headers.emplace_back(std::move(name), Secret(std::move(value)));
  }
  const auto add = [&](const char* name, Secret value) {
    const bool there = std::ranges::any_of(
        request.headers, [&](const auto& header) { return same_word(header.first, name); });
    if (!there && !value.empty()) {
      request.headers.emplace_back(name, std::move(value));
    }
  };
  add("Host", Secret(net::authority(url.host, net::shown_port(url))));
  add("User-Agent", Secret(net::user_agent()));
  add("Accept", Secret("*/*"));
  if (through != nullptr) {
    add("Proxy-Authorization", net::proxy_authorization(*through));
  }
  return request;
}

/// True if a receiver's text repeats what went to it in confidence: a header's value, its
/// credentials alone, or a part of the URL that is long enough for a token.
bool shows_secret(std::string_view text, const HttpOptions& options, const Target& url) {
  constexpr std::size_t kShortestToken = 8;
  const auto shown = [&](std::string_view secret) {
    return !secret.empty() && text.contains(secret);
  };
  for (const auto& [name, value] : options.headers) {
    const std::string_view whole = value.reveal();
    if (shown(whole) || shown(whole.substr(whole.rfind(' ') + 1))) {
      return true;
    }
  }
  if (shown(options.password.reveal())) {
    return true;
  }
  std::string_view rest = url.path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of("/?&="), rest.size());
    if (end >= kShortestToken && shown(rest.substr(0, end))) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

/// "HTTP 400 Bad Request: bad annotation"
std::string describe_answer(const net::HttpResponse& response, const HttpOptions& options,
                            const Target& url) {
  std::string text = response.title();
  const std::string excerpt = plain_line(response.body, kLongestExcerpt);
  if (!excerpt.empty()) {
    text += ": " + excerpt;
  }
  // The body is looked at whole: what is cut may be a piece of a secret.
  if (shows_secret(response.body, options, url) || shows_secret(text, options, url)) {
    text = "HTTP " + std::to_string(response.status) +
           " (its text is left out: it repeats what is secret)";
  }
  if (response.status / 100 == 3) {
    const std::string* location = response.header("Location");
    const auto target = location == nullptr ? std::unexpected(std::string())
                                            : net::resolve_location(url, *location);
    text += "; redirects are not followed";
    text += target ? ", this one leads to " + origin(*target) : "";
  }
  return text;
}

std::optional<Duration> retry_after(const net::HttpResponse& response, const Clock& clock) {
  const std::string* wish = response.header("Retry-After");
  if ((response.status != 429 && response.status != 503) || wish == nullptr) {
    return std::nullopt;
  }
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(wish->data(), wish->data() + wish->size(), seconds);
  if (code == std::errc{} && end == wish->data() + wish->size()) {
    return std::min<Duration>(std::chrono::seconds(seconds), kLongestWish);
  }
  const auto until = net::parse_http_date(*wish);
  if (!until) {
    return std::nullopt;
  }
  // By the clock that the date was made with, where it is told.
  const WallTime now =
      clock.wall_now() + net::clock_offset(response, clock).value_or(Duration::zero());
  return std::clamp<Duration>(*until - now, Duration::zero(), kLongestWish);
}

void read_credentials(Reader& params, HttpOptions& options) {
  const std::string user = params.text("user");
  const auto password = params.secret("password");
  const auto bearer = params.secret("bearer");
  const bool header = std::ranges::any_of(
      options.headers, [](const auto& field) { return same_word(field.first, "Authorization"); });
  if (user.contains(':')) {
    params.error("user", "user can't hold a colon (RFC 7617)");
  }
  if (password && user.empty()) {
    params.error("password", "password has no effect without user");
  }
  if ((!user.empty() ? 1 : 0) + (bearer ? 1 : 0) + (header ? 1 : 0) > 1) {
    params.error(bearer ? "bearer" : "user",
                 "user, bearer and the header Authorization exclude each other");
  }
  Secret authorization;
  if (!user.empty()) {
    options.password = password.value_or(Secret{});
    authorization = net::basic_credentials(user, options.password);
  } else if (bearer) {
    authorization = Secret("Bearer " + bearer->reveal());
  }
  if (!is_field_value(authorization.reveal())) {
    params.error("bearer", "bearer holds a line break");
  } else if (!authorization.empty()) {
    options.headers.emplace_back("Authorization", std::move(authorization));
  }
}

}  // namespace

HttpOptions read_http_options(Reader& params, std::span<const Target> urls) {
  HttpOptions options;
  options.proxy = net::read_proxy(params);
  options.tls = read_sink_tls(params);
  const bool any_https =
      std::ranges::any_of(urls, [](const Target& url) { return url.scheme == "https"; });
  if (params.has("tls") && !urls.empty() && !any_https) {
    params.error("tls", "tls has no effect on http URLs");
  }
  options.headers = net::read_headers(params);
  for (const auto& [name, value] : options.headers) {
    if (same_word(name, "Content-Type") || same_word(name, "Idempotency-Key") ||
        same_word(std::string_view(name).substr(0, 9), "X-Reachd-")) {
      params.error("headers", "the header " + name + " is the sink's own");
    }
  }
  read_credentials(params, options);
  options.timeout =
      params.duration("timeout", options.timeout, std::chrono::seconds(1), std::chrono::minutes(5));
  return options;
}

std::expected<Target, std::string> parse_url(std::string_view text) {
  constexpr std::size_t kLongest = 2048;
  auto url = parse_target(text);
  if (!url || text.size() > kLongest || (url->scheme != "http" && url->scheme != "https")) {
    return std::unexpected(
        "takes a URL, http://host:port/path or https://host:port/path, of printable ASCII, "
        "without user information and fragment");
  }
  return url;
}

HttpClient::HttpClient(std::shared_ptr<const HttpOptions> options, Target url)
    : options_(std::move(options)), url_(std::move(url)), title_(origin(url_)) {}

asio::awaitable<std::expected<net::HttpResponse, std::string>> HttpClient::send(
    SinkRun run, HttpMessage message) {
  Progress progress(run.network.clock);
  ProbeRun probe{url_, std::nullopt, {}, run.network, run.deadline, progress};
  const auto proxy = net::proxy_for(options_->proxy, url_);
  auto stream = co_await connect(probe, proxy);
  if (!stream) {
    co_return std::unexpected(sentence(stream.error()));
  }
  const net::HttpRequest request =
      make_request(*options_, url_, std::move(message),
                   takes_absolute_form(proxy.get(), url_) ? proxy.get() : nullptr);
  auto response = co_await net::exchange(**stream, request, kLimits, Phase::request, run.deadline);
  if (!response) {
    co_return std::unexpected(sentence(response.error()));
  }
  if (response->client_certificate_required) {
    co_return std::unexpected(
        "the server demands a client certificate (tls: certificate_file, key_file)");
  }
  co_return std::move(*response);
}

Receipt HttpClient::receipt_of(const net::HttpResponse& response, const Clock& clock) const {
  Receipt receipt;
  if (response.status / 100 == 2) {
    return receipt;
  }
  const bool content = response.status == 400 || response.status == 413 || response.status == 422;
  receipt.how = content ? Receipt::How::refused : Receipt::How::retry;
  receipt.why = describe_answer(response, *options_, url_);
  receipt.retry_after = retry_after(response, clock);
  return receipt;
}

asio::awaitable<HttpClient::Connected> HttpClient::connect(
    ProbeRun& run, std::shared_ptr<const net::ProxyOptions> proxy) {
  if (!proxy) {
    auto direct = co_await connect_direct(run);
    co_return direct;
  }
  if (takes_absolute_form(proxy.get(), url_)) {
    const net::TcpOptions tcp;
    auto leg = co_await net::dial_proxy(run, *proxy, tcp);
    co_return leg;
  }
  auto tunnel = co_await dial(run, std::move(proxy), std::nullopt);
  co_return tunnel;
}

asio::awaitable<HttpClient::Connected> HttpClient::connect_direct(ProbeRun& run) {
  std::vector<IpAddress> addresses;
  if (url_.literal) {
    addresses.push_back(*url_.literal);
  } else {
    auto found = co_await run.network.resolver.resolve(url_.host, run.name_servers, run.deadline);
    if (!found) {
      co_return std::unexpected(std::move(found.error()));
    }
    addresses = std::move(*found);
  }
  const std::size_t count = std::min(addresses.size(), kMostAddresses);
  const std::size_t begin = first_;
  Failure why{Reason::dns_no_data, url_.host + " has no address", 0, std::nullopt};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (begin + i) % count;
    const Endpoint endpoint{addresses[at], url_.port};
    auto stream = co_await dial(run, nullptr, endpoint);
    if (stream) {
      first_ = at;
      co_return stream;
    }
    first_ = at + 1;
    // A family that this host has no way to says nothing about the receiver.
    if (i == 0 || is_local_fault(why.reason)) {
      why = std::move(stream.error());
    }
    if (run.deadline.ended() != net::Deadline::Ended::no) {
      break;
    }
  }
  co_return std::unexpected(std::move(why));
}

asio::awaitable<HttpClient::Connected> HttpClient::dial(
    ProbeRun& run, std::shared_ptr<const net::ProxyOptions> proxy,
    std::optional<Endpoint> endpoint) const {
  net::DialOptions way;
  way.proxy = std::move(proxy);
  way.tls = url_.scheme == "https" ? options_->tls : nullptr;
  auto dialed = co_await net::dial(run, way, url_.host, url_.port, endpoint);
  if (!dialed) {
    co_return std::unexpected(std::move(dialed.error()));
  }
  if (dialed->tls) {
    auto verdict = net::tls_verdict(*options_->tls, *dialed->tls);
    if (verdict) {
      co_return std::unexpected(std::move(*verdict));
    }
  }
  co_return std::move(dialed->stream);
}

}  // namespace reachd::alert
