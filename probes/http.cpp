#include "probes/http.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/http_settings.hpp"
#include "probes/net/http.hpp"
#include "probes/net/http_fields.hpp"
#include "probes/net/http_text.hpp"
#include "probes/net/inflate.hpp"

namespace reachd {
namespace {

/// One request of the chain that redirects make.
struct Hop {
  Target target;
  std::string method;
  std::string body;
  bool own_origin = true;  ///< scheme, host and port are those of the check's target
};

/// What is known so far; it is shown whatever comes after.
struct Seen {
  std::shared_ptr<const TlsFacts> tls;
  HttpFacts facts;
  bool any_response = false;
};

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool same_origin(const Target& a, const Target& b) noexcept {
  return a.scheme == b.scheme && a.host == b.host && a.port == b.port;
}

net::HttpRequest make_request(const HttpSettings& settings, const Hop& hop, bool absolute) {
  net::HttpRequest request;
  request.method = hop.method;
  request.target = absolute ? net::url_text(hop.target, true) : hop.target.path;
  request.body = hop.body;
  const auto add = [&](std::string name, Secret value) {
    const bool there = std::ranges::any_of(
        request.headers, [&](const auto& header) { return same_word(header.first, name); });
    if (!there && !value.empty()) {
      request.headers.emplace_back(std::move(name), std::move(value));
    }
  };
  for (const auto& [name, value] : settings.headers) {
    if (hop.own_origin || net::may_travel(name)) {
      request.headers.emplace_back(name, value);
    }
  }
  add("Host", Secret(net::authority(hop.target.host, net::shown_port(hop.target))));
  add("User-Agent", Secret(net::user_agent()));
  add("Accept", Secret("*/*"));
  add("Accept-Encoding", Secret(settings.accept_encoding));
  if (hop.own_origin) {
    add("Authorization", settings.authorization);
  }
  if (absolute && settings.proxy) {
    add("Proxy-Authorization", net::proxy_authorization(*settings.proxy));
  }
  return request;
}

/// A plain http request through a proxy fails by a response too; only what says that the proxy made
/// it, or a gateway's own statuses, count: 407, Squid's header, RFC 9209, tinyproxy's name, 502 and
/// 504.
std::optional<Failure> proxy_refusal(const net::HttpResponse& response,
                                     const net::ProxyOptions& proxy) {
  const std::string* status_header = response.header("Proxy-Status");
  const std::string* server = response.header("Server");
  const bool own = response.header("X-Squid-Error") != nullptr ||
                   (status_header != nullptr && status_header->contains("error=")) ||
                   (server != nullptr && server->starts_with("tinyproxy"));
  const bool gateway = response.status == 502 || response.status == 504;
  if (response.status != 407 && !gateway && !(own && response.status >= 400)) {
    return std::nullopt;
  }
  const Reason reason = response.status == 407  ? Reason::proxy_auth
                        : response.status < 500 ? Reason::proxy_denied
                                                : Reason::proxy_error;
  return Failure{reason, proxy.title() + " answered with " + response.title(), 0, std::nullopt};
}

/// The body as text, decompressed within the limit; the error is a sentence.
std::expected<std::string, std::string> decoded_body(net::HttpResponse& response,
                                                     std::size_t most) {
  const std::string* encoding = response.header("Content-Encoding");
  const bool gzip =
      encoding != nullptr && (same_word(*encoding, "gzip") || same_word(*encoding, "x-gzip"));
  const bool deflate = encoding != nullptr && same_word(*encoding, "deflate");
  if ((!gzip && !deflate) || response.body.empty()) {
    return std::move(response.body);
  }
  auto inflated =
      net::inflate(response.body, gzip ? net::Encoding::gzip : net::Encoding::deflate, most);
  if (!inflated) {
    return std::unexpected(inflated.error());
  }
  response.cut = response.cut || inflated->cut;
  return std::move(inflated->bytes);
}

class HttpProbe final : public Probe {
 public:
  explicit HttpProbe(HttpSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    Seen seen;
    Hop hop{settings_.target, settings_.method, settings_.body, true};
    seen.facts.final_url = net::url_text(hop.target, false);
    for (;;) {
      auto response = co_await visit(run, hop, seen);
      if (!response) {
        co_return finish(failed(run, std::move(response.error())), std::move(seen));
      }
      auto next = next_hop(*response, hop);
      if (!next) {
        co_return finish(judge(run, *response, next.error(), seen), std::move(seen));
      }
      if (seen.facts.redirects == settings_.max_redirects) {
        Failure failure{Reason::http_status,
                        "more than " + std::to_string(settings_.max_redirects) +
                            " redirects, the last one to " + net::url_text(next->target, false),
                        0, std::nullopt};
        co_return finish(failed(run, std::move(failure)), std::move(seen));
      }
      ++seen.facts.redirects;
      hop = std::move(*next);
      seen.facts.final_url = net::url_text(hop.target, false);
    }
  }

  bool wants_address() const noexcept override {
    return net::proxy_for(settings_.proxy, settings_.target) == nullptr;
  }

 private:
  /// Connects for one hop and exchanges request and response.
  asio::awaitable<net::Result<net::HttpResponse>> visit(ProbeRun& run, const Hop& hop,
                                                        Seen& seen) const {
    const bool https = hop.target.scheme == "https";
    const auto proxy = net::proxy_for(settings_.proxy, hop.target);
    const bool absolute = proxy && proxy->kind == net::ProxyOptions::Kind::http && !https;
    std::unique_ptr<net::Stream> stream;
    if (absolute) {
      auto leg = co_await net::dial_proxy(run, *proxy, settings_.tcp);
      if (!leg) {
        co_return std::unexpected(std::move(leg.error()));
      }
      stream = std::move(*leg);
    } else {
      net::DialOptions options;
      options.tcp = settings_.tcp;
      options.proxy = proxy;
      if (https) {
        options.tls = hop.own_origin ? settings_.tls : settings_.tls_elsewhere;
      }
      // The address that this attempt is about serves its own host only.
      const bool own_host =
          hop.target.host == settings_.target.host && hop.target.port == settings_.target.port;
      const auto endpoint = own_host ? run.endpoint : std::nullopt;
      auto dialed = co_await net::dial(run, options, hop.target.host, hop.target.port, endpoint);
      if (!dialed) {
        co_return std::unexpected(std::move(dialed.error()));
      }
      stream = std::move(dialed->stream);
      if (dialed->tls) {
        seen.tls = dialed->tls;
        auto verdict = net::tls_verdict(*options.tls, *dialed->tls);
        if (verdict) {
          co_return std::unexpected(std::move(*verdict));
        }
      }
    }
    run.progress.enter(Phase::request);
    net::HttpLimits limits;
    limits.body = settings_.max_body;
    const net::HttpRequest request = make_request(settings_, hop, absolute);
    log_step(run, [&] { return request.method + " " + net::url_text(hop.target, false); });
    auto response = co_await net::exchange(*stream, request, limits, Phase::request, run.deadline);
    if (response && response->status != 0) {
      log_step(run, [&] { return response->title(); });
    }
    if (response && absolute) {
      auto refusal = proxy_refusal(*response, *proxy);
      if (refusal) {
        note(run, *response, seen);
        run.progress.enter(Phase::proxy);
        co_return std::unexpected(std::move(*refusal));
      }
    }
    if (response) {
      note(run, *response, seen);
    }
    co_return response;
  }

  /// Keeps what the head of a response says.
  static void note(const ProbeRun& run, const net::HttpResponse& response, Seen& seen) {
    if (response.status == 0) {
      return;
    }
    seen.any_response = true;
    seen.facts.status = response.status;
    seen.facts.version = response.version;
    seen.facts.body_bytes = response.body.size();
    seen.facts.clock_offset = net::clock_offset(response, run.progress.clock());
  }

  /// The request that a redirect asks for; otherwise the response is the last one, and the error
  /// says why its Location is not followed, if it has one.
  std::expected<Hop, std::string> next_hop(const net::HttpResponse& response,
                                           const Hop& hop) const {
    const std::string* location = response.header("Location");
    if (!settings_.follow_redirects || !is_redirect(response.status) || location == nullptr) {
      return std::unexpected("");
    }
    auto target = net::resolve_location(hop.target, *location);
    if (!target) {
      return std::unexpected("its Location can't be followed");
    }
    Hop next{std::move(*target), hop.method, hop.body, true};
    next.own_origin = same_origin(next.target, settings_.target);
    const bool post = hop.method == "POST" && (response.status == 301 || response.status == 302);
    // RFC 9110, 15.4: 303 asks for another resource; browsers do so for 301 and 302 after POST.
    if (post || (response.status == 303 && hop.method != "HEAD")) {
      next.method = "GET";
      next.body.clear();
    }
    return next;
  }

  /// Judges the last response of the chain.
  Outcome judge(const ProbeRun& run, net::HttpResponse& response, const std::string& remark,
                Seen& seen) const {
    const auto fail = [&](Reason reason, std::string message) {
      return failed(run, Failure{reason, std::move(message), 0, std::nullopt});
    };
    const bool plain = settings_.expect_status.empty() && !settings_.wants_body() &&
                       settings_.expect_header.empty();
    if (response.client_certificate_required) {
      Outcome outcome = plain
                            ? succeeded(run)
                            : fail(Reason::http_status,
                                   "no response to judge: the server demands a client certificate");
      if (plain) {
        outcome.message = "the server demands a client certificate, which proves it";
      }
      return outcome;
    }
    if (!status_expected(response.status)) {
      return fail(Reason::http_status, response.title() + ", which is not expected" +
                                           (remark.empty() ? "" : "; " + remark));
    }
    if (auto complaint = header_complaint(response)) {
      return fail(Reason::content_mismatch, std::move(*complaint));
    }
    if (response.body_failure) {
      response.body_failure->message =
          response.title() + ", but the body broke off: " + response.body_failure->message;
      return failed(run, std::move(*response.body_failure));
    }
    const auto body = decoded_body(response, settings_.max_body);
    const std::string cut = response.cut ? "the body is judged on its first " +
                                               std::to_string(settings_.max_body) + " bytes"
                                         : "";
    if (body) {
      seen.facts.body_bytes = body->size();
    }
    if (auto complaint = body_complaint(body, cut)) {
      return fail(Reason::content_mismatch, std::move(*complaint));
    }
    Outcome outcome = succeeded(run);
    outcome.degraded = settings_.expect_status.empty() && response.status >= 500;
    outcome.message = response.title();
    for (const std::string& more : {remark, settings_.wants_body() ? cut : std::string{}}) {
      outcome.message += more.empty() ? "" : "; " + more;
    }
    return outcome;
  }

  bool status_expected(int status) const {
    return settings_.expect_status.empty() ||
           std::ranges::any_of(settings_.expect_status,
                               [&](const HttpSettings::StatusRange& range) {
                                 return range.first <= status && status <= range.last;
                               });
  }

  std::optional<std::string> header_complaint(const net::HttpResponse& response) const {
    const auto found = [&](const HttpSettings::HeaderRule& rule) {
      return std::ranges::any_of(response.headers, [&](const auto& header) {
        return same_word(header.first, rule.name) && rule.pattern.found_in(header.second);
      });
    };
    for (const auto& rule : settings_.expect_header) {
      if (!found(rule)) {
        return "no header " + rule.name + " matches /" + rule.pattern.text() + "/";
      }
    }
    for (const auto& rule : settings_.reject_header) {
      if (found(rule)) {
        return "the header " + rule.name + " matches /" + rule.pattern.text() + "/";
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> body_complaint(const std::expected<std::string, std::string>& body,
                                            const std::string& cut) const {
    if (!settings_.wants_body()) {
      return std::nullopt;
    }
    if (!body) {
      return body.error();
    }
    const std::string tail = cut.empty() ? "" : "; " + cut;
    for (const Pattern& pattern : settings_.expect_body) {
      if (!pattern.found_in(*body)) {
        return "the body does not match /" + pattern.text() + "/" + tail;
      }
    }
    for (const Pattern& pattern : settings_.reject_body) {
      if (pattern.found_in(*body)) {
        return "the body matches /" + pattern.text() + "/" + tail;
      }
    }
    return std::nullopt;
  }

  static Outcome finish(Outcome outcome, Seen seen) {
    outcome.tls = std::move(seen.tls);
    if (seen.any_response) {
      outcome.facts = std::make_shared<const Facts>(std::move(seen.facts));
    }
    return outcome;
  }

  HttpSettings settings_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<HttpProbe>(read_http_settings(target, params));
}

}  // namespace

ProbeType http_probe_type() {
  return {.name = "http",
          .summary = "an HTTP server answers, with the status, headers and body that are expected",
          .transport = Transport::tcp,
          .default_port = 80,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
