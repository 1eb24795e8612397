#include <algorithm>
#include <charconv>
#include <utility>

#include "daemon/blackbox/address.hpp"
#include "daemon/blackbox/http_prober_answer.hpp"
#include "daemon/blackbox/http_prober_cookies.hpp"
#include "daemon/blackbox/http_prober_request.hpp"
#include "daemon/blackbox/http_prober_way.hpp"
#include "daemon/blackbox/run.hpp"
#include "daemon/blackbox/tls_samples.hpp"
#include "probes/core/duration.hpp"
#include "probes/core/words.hpp"
#include "probes/net/http.hpp"
#include "probes/net/http_text.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Http;

constexpr int kMostRedirects = 10;

/// What Go's client takes the length of the content for: -1 where the head does not tell.
double content_length(const std::string& method, const net::HttpResponse& response) {
  const std::string* coding = response.header("Transfer-Encoding");
  const std::string* text = response.header("Content-Length");
  const int status = response.status;
  if (method != "HEAD" && (status / 100 == 1 || status == 204 || status == 304)) {
    return 0;
  }
  double length = -1;
  if (text != nullptr && (coding == nullptr || method == "HEAD")) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
    length = parsed.ec == std::errc{} ? static_cast<double>(value) : -1;
  }
  return length;
}

/// One /probe with an http module: its hops one after the other.
class HttpProbe {
 public:
  explicit HttpProbe(Run& run) : run_(run), rules_(run.module.http), answer_(run) {}

  asio::awaitable<bool> probe();

 private:
  asio::awaitable<bool> follow_hops(Hop first);
  /// Opens the way to `hop`, sends its request and reads the answer; none if there is no answer.
  asio::awaitable<std::optional<net::HttpResponse>> ask(const Hop& hop);
  /// The hop that the answer leads to; none if it is the final one.
  std::optional<Hop> follow(const Hop& first, const Hop& hop, const net::HttpResponse& response,
                            bool& lost);
  bool conclude(const Hop& hop, const net::HttpResponse& response);
  void add_times();

  Run& run_;
  const Http& rules_;
  Answer answer_;
  CookieJar cookies_;
  HttpTimes times_;
  std::optional<HopTls> tls_;  // of the last hop
  bool body_is_read_ = false;
  int redirects_ = 0;
};

asio::awaitable<bool> HttpProbe::probe() {
  for (const Family family : {Family::http_content_length, Family::http_uncompressed_body_length,
                              Family::http_redirects, Family::http_ssl, Family::http_status_code,
                              Family::http_version, Family::failed_due_to_regex}) {
    run_.samples.set(family, 0);
  }
  auto hop = first_hop(run_);
  if (!hop) {
    log_line(run_, [&] { return hop.error(); });
    co_return false;
  }
  if (run_.allow.empty()) {
    run_.refused = kNothingAllowed;  // not even a proxy's name is resolved
    co_return false;
  }
  // A proxy that is asked by name resolves it itself.
  if (!rules_.skip_resolve_with_proxy || !has_proxy(rules_.client)) {
    const Literal literal = choose_literal(run_, hop->url.host, hop->url.port, rules_.address);
    hop->address = literal.address;
    if (!literal.is_address) {
      hop->address = co_await choose_address(run_, hop->url.host, hop->url.port, rules_.address);
    }
    times_.resolve = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(run_.samples.value(Family::dns_lookup_time_seconds)));
    run_.samples.set(Family::http_duration_seconds, "phase", "resolve", to_seconds(times_.resolve));
    if (!hop->address) {
      co_return false;
    }
  }
  const bool success = co_await follow_hops(std::move(*hop));
  add_times();
  run_.samples.set(Family::http_redirects, redirects_);
  if (tls_) {
    add_tls_samples(run_.samples, tls_->options, tls_->connected);
  }
  co_return success;
}

asio::awaitable<bool> HttpProbe::follow_hops(Hop first) {
  Hop hop = first;
  for (;;) {
    const auto response = co_await ask(hop);
    if (!response) {
      co_return false;
    }
    bool lost = false;
    auto next = follow(first, hop, *response, lost);
    if (lost) {
      co_return false;
    }
    if (!next) {
      co_return conclude(hop, *response);
    }
    cookies_.take(hop.url, *response, run_.network.clock.wall_now());
    hop = std::move(*next);
  }
}

asio::awaitable<std::optional<net::HttpResponse>> HttpProbe::ask(const Hop& hop) {
  tls_.reset();
  Way way = co_await open_way(run_, hop, redirects_ == 0, times_);
  tls_ = std::move(way.tls);
  if (way.stream == nullptr) {
    co_return std::nullopt;
  }
  const auto request = make_request(run_, hop, cookies_, way.absolute.get());
  if (!request) {
    log_line(run_, [&] { return request.error(); });
    co_return std::nullopt;
  }
  log_line(run_, [&] { return request->method + " " + net::url_text(hop.url, false); });
  net::HttpLimits limits;
  limits.sink = &answer_;
  const TimePoint sent = run_.network.clock.steady_now();
  auto response =
      co_await net::exchange(*way.stream, *request, limits, Phase::request, run_.deadline);
  if (!response || response->status == 0) {
    log_line(run_, [&] {
      return response ? std::string("the server goes on only with a client certificate")
                      : response.error().message;
    });
    co_return std::nullopt;
  }
  log_line(run_, [&] { return response->title(); });
  times_.processing += response->began_at - sent;
  co_return std::move(*response);
}

std::optional<Hop> HttpProbe::follow(const Hop& first, const Hop& hop,
                                     const net::HttpResponse& response, bool& lost) {
  body_is_read_ = !is_redirect(response);
  if (body_is_read_) {
    return std::nullopt;
  }
  ++redirects_;
  if (!rules_.client.follow_redirects || redirects_ > kMostRedirects) {
    log_line(run_, [&] {
      return redirects_ > kMostRedirects ? std::string("more than 10 redirects are not followed")
                                         : std::string("the module follows no redirects");
    });
    return std::nullopt;
  }
  auto next = next_hop(first, hop, response.status, *response.header("Location"));
  if (!next) {
    log_line(run_, [&] { return next.error(); });
    lost = true;
    return std::nullopt;
  }
  return std::move(*next);
}

bool HttpProbe::conclude(const Hop& hop, const net::HttpResponse& response) {
  bool success = answer_.verdict(response);
  Samples& samples = run_.samples;
  samples.set(Family::failed_due_to_regex, answer_.failed_by_pattern() ? 1 : 0);
  samples.set(Family::http_status_code, response.status);
  samples.set(Family::http_content_length, content_length(hop.method, response));
  samples.set(Family::http_uncompressed_body_length, static_cast<double>(answer_.length()));
  samples.set(Family::http_version, response.version == "HTTP/1.0" ? 1 : 1.1);
  samples.set(Family::http_ssl, tls_ ? 1 : 0);
  times_.transfer = run_.network.clock.steady_now() - response.began_at;
  const std::string* modified = response.header("Last-Modified");
  const auto date = modified == nullptr ? std::nullopt : net::parse_http_date(*modified);
  if (date) {
    samples.set(Family::http_last_modified_timestamp_seconds, to_seconds(date->time_since_epoch()));
  }
  const auto fail = [&](const char* why) {
    log_line(run_, [&] { return std::string(why); });
    success = false;
  };
  const auto& versions = rules_.valid_http_versions;
  if (!versions.empty() && std::ranges::find(versions, response.version) == versions.end()) {
    fail("the answer's version of HTTP is none that the module takes");
  }
  if (tls_ && rules_.fail_if_ssl) {
    fail("the final request went over TLS");
  } else if (!tls_ && rules_.fail_if_not_ssl && success) {
    fail("the final request did not go over TLS");
  }
  return success;
}

void HttpProbe::add_times() {
  const auto set = [&](std::string_view phase, Duration time) {
    run_.samples.set(Family::http_duration_seconds, "phase", phase, to_seconds(time));
  };
  if (run_.samples.has(Family::ip_protocol) || redirects_ > 0) {
    set("resolve", times_.resolve);
  }
  set("connect", times_.connect);
  set("tls", times_.tls);
  set("processing", times_.processing);
  set("transfer", times_.transfer);
}

}  // namespace

asio::awaitable<bool> probe_http(Run& run) {
  HttpProbe probe(run);
  co_return co_await probe.probe();
}

}  // namespace reachd::blackbox
