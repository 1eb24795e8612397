#include <algorithm>
#include <utility>

#include "config/labels.hpp"
#include "daemon/alert/http_client.hpp"
#include "daemon/alert/links.hpp"
#include "daemon/json/time.hpp"
#include "daemon/json/writer.hpp"
#include "daemon/log/log.hpp"
#include "probes/core/words.hpp"
#include "probes/net/http_fields.hpp"

namespace reachd::alert {
namespace {

constexpr std::string_view kPath = "/api/v2/alerts";
/// Enough to find some wrong alerts in a full batch; where all are wrong, more would tell nothing.
constexpr int kMostSplits = 64;
constexpr std::size_t kMostNamed = 5;
constexpr Duration kMostSkew = std::chrono::seconds(10);
/// An alert outlives three lost messages (endsAt, as Prometheus does it), counted in resends.
constexpr int kResendsAlive = 4;

using Alerts = std::span<const event::Alert>;

/// The start and the end that Alertmanager is told. It takes no alert that ends before it starts,
/// and one whose end lies ahead for a firing one, so a clock of ours that was set back must not
/// show.
struct Span {
  WallTime starts;
  WallTime ends;
};

Span span_of(const event::Alert& alert, WallTime now, Duration resend) {
  const WallTime starts = std::min(alert.since, now);
  if (alert.ended) {
    return {starts, std::clamp(*alert.ended, starts, now)};
  }
  return {starts, now + kResendsAlive * std::max<Duration>(resend, std::chrono::minutes(1))};
}

/// Empty values are left out: Alertmanager drops such labels too.
void write_pair(json::Writer& out, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    out.member(name, value);
  }
}

/// Identity only: the same labels are the same alert.
void write_labels(json::Writer& out, const event::Alert& alert) {
  out.key("labels").begin_object();
  write_pair(out, "alertname", event::to_string(alert.name));
  write_pair(out, "severity", config::to_string(alert.severity));
  write_pair(out, "vantage", alert.vantage);
  if (alert.check) {
    const event::Identity& check = *alert.check;
    write_pair(out, "product", check.product);
    write_pair(out, "check", check.id);
    write_pair(out, "requirement", check.requirement);
    write_pair(out, "target", check.target);
    write_pair(out, "port", check.port == 0 ? "" : std::to_string(check.port));
    for (const auto& [name, value] : check.labels) {
      // An alert of a former configuration, read from the journal, may have what is refused now.
      if (config::is_label_name(name) && !config::is_reserved_label(name)) {
        write_pair(out, name, value);
      }
    }
  }
  out.end_object();
}

std::string affected_text(const event::Alert& alert) {
  std::string text = join(alert.affected, ", ");
  if (alert.affected_count > alert.affected.size() && !text.empty()) {
    text += " and " + std::to_string(alert.affected_count - alert.affected.size()) + " more";
  }
  return text;
}

void write_alert(json::Writer& out, const event::Alert& alert, const SinkRun& run, WallTime now) {
  const Span span = span_of(alert, now, run.resend);
  out.begin_object();
  write_labels(out, alert);
  out.key("annotations").begin_object();
  write_pair(out, "summary", alert.message);
  write_pair(out, "reason", alert.reason);
  write_pair(out, "phase", alert.phase);
  write_pair(out, "address", alert.address);
  write_pair(out, "offender", alert.offender);
  write_pair(out, "path", alert.path);
  write_pair(out, "since", json::rfc3339(alert.since));
  write_pair(out, "affected", affected_text(alert));
  write_pair(out, "affected_count",
             alert.affected_count == 0 ? "" : std::to_string(alert.affected_count));
  write_pair(out, "flapping", alert.flapping ? "true" : "");
  out.end_object();
  out.member("startsAt", span.starts).member("endsAt", span.ends);
  write_pair(out, "generatorURL", link_to(run.external_url, alert.check ? &*alert.check : nullptr));
  out.end_object();
}

std::string body_of(Alerts alerts, const SinkRun& run) {
  const WallTime now = run.network.clock.wall_now();
  std::string text;
  json::Writer out(text);
  out.begin_array();
  for (const event::Alert& alert : alerts) {
    write_alert(out, alert, run, now);
  }
  out.end_array();
  return text;
}

/// What was refused of one batch.
struct Refused {
  std::size_t count = 0;
  std::string keys;  ///< the first ones
  std::string why;   ///< of the first

  void add(Alerts alerts, const std::string& answer) {
    for (const event::Alert& alert : alerts) {
      if (count < kMostNamed) {
        keys += (keys.empty() ? "" : ", ") + alert.key;
      }
      ++count;
    }
    if (why.empty()) {
      why = answer;
    }
  }
};

/// Where the alerts of these parts stand in the whole, rising.
std::vector<std::size_t> indices_of(std::span<const Alerts> parts, Alerts whole) {
  std::vector<std::size_t> indices;
  for (const Alerts part : parts) {
    for (const event::Alert& alert : part) {
      indices.push_back(static_cast<std::size_t>(&alert - whole.data()));
    }
  }
  std::ranges::sort(indices);
  return indices;
}

/// One instance. Every instance of a cluster is told everything, never through a balancer.
class Alertmanager final : public StateSink {
 public:
  Alertmanager(std::shared_ptr<const HttpOptions> options, Target url)
      : client_(std::move(options), std::move(url)) {}

  /// A refused batch is halved until what is wrong stands alone: Alertmanager keeps the good alerts
  /// beside one with a bad label, but none at all where the request breaks its schema.
  asio::awaitable<Receipt> send(SinkRun run, Alerts alerts) override {
    // The largest parts first: if the time ends before all is sorted out, most have arrived.
    std::vector<Alerts> parts{alerts};
    Refused refused;
    Receipt result;
    int splits = 0;
    for (std::size_t i = 0; i < parts.size() && result.how != Receipt::How::retry; ++i) {
      const Alerts part = parts[i];
      Receipt receipt = co_await post(run, part);
      if (receipt.how == Receipt::How::retry) {
        result = std::move(receipt);
        result.left = indices_of(std::span(parts).subspan(i), alerts);
      } else if (receipt.how == Receipt::How::refused && part.size() > 1 && splits < kMostSplits) {
        ++splits;
        parts.push_back(part.first(part.size() / 2));
        parts.push_back(part.subspan(part.size() / 2));
      } else if (receipt.how == Receipt::How::refused) {
        refused.add(part, receipt.why);
      }
    }
    if (refused.count == 0) {
      co_return result;
    }
    refused_.write(run.network.clock.steady_now(), "Alertmanager refused alerts",
                   {{"instance", client_.title()},
                    {"count", refused.count},
                    {"alerts", refused.keys},
                    {"answer", refused.why}});
    if (result.how != Receipt::How::retry) {
      result.how = Receipt::How::refused;
      result.why = std::to_string(refused.count) + " of " + std::to_string(alerts.size()) +
                   " alerts were refused: " + refused.why;
    }
    co_return result;
  }

  std::string title() const override { return client_.title(); }
  Duration timeout() const noexcept override { return client_.options().timeout; }

 private:
  asio::awaitable<Receipt> post(SinkRun run, Alerts alerts) {
    HttpMessage message;
    message.headers.emplace_back("Content-Type", "application/json");
    message.body = body_of(alerts, run);
    const auto response = co_await client_.send(run, std::move(message));
    if (!response) {
      Receipt receipt;
      receipt.how = Receipt::How::retry;
      receipt.why = response.error();
      co_return receipt;
    }
    compare_clocks(*response, run.network.clock);
    co_return client_.receipt_of(*response, run.network.clock);
  }

  /// startsAt and endsAt are ours, but Alertmanager judges them by its own clock.
  void compare_clocks(const net::HttpResponse& response, const Clock& clock) {
    const auto offset = net::clock_offset(response, clock);
    if (offset && (*offset > kMostSkew || *offset < -kMostSkew)) {
      const bool ahead = *offset > Duration::zero();
      skew_.write(clock.steady_now(),
                  "the clock of this Alertmanager differs from ours; it may end alerts too early "
                  "or too late",
                  {{"instance", client_.title()},
                   {"its_clock_is", ahead ? "ahead" : "behind"},
                   {"seconds",
                    std::chrono::round<std::chrono::seconds>(ahead ? *offset : -*offset).count()}});
    }
  }

  HttpClient client_;
  log::RareWarning refused_;
  log::RareWarning skew_{std::chrono::hours(1)};
};

/// The URLs with the path of the API behind their own.
std::vector<Target> read_urls(Reader& params) {
  std::vector<Target> urls;
  const auto texts = params.texts("urls");
  if (texts.empty()) {
    params.error("urls", "urls is missing: the URL of each Alertmanager of the cluster");
  }
  for (const std::string& text : texts) {
    auto url = parse_url(text);
    if (!url) {
      params.error("urls", "urls: each " + url.error());
    } else if (url->path.contains('?')) {
      params.error("urls", "urls: an Alertmanager's URL has no query");
    } else {
      while (url->path.ends_with('/')) {
        url->path.pop_back();
      }
      if (url->path.ends_with(kPath)) {
        params.error("urls", "urls: " + text + ": leave out " + std::string(kPath) +
                                 ", which is added: " + text.substr(0, text.rfind(kPath)));
      }
      url->path += kPath;
      urls.push_back(std::move(*url));
    }
  }
  return urls;
}

MadeSink make(Reader& params) {
  MadeSink made;
  const std::vector<Target> urls = read_urls(params);
  const auto options = std::make_shared<const HttpOptions>(read_http_options(params, urls));
  for (const Target& url : urls) {
    made.states.push_back(std::make_shared<Alertmanager>(options, url));
  }
  return made;
}

}  // namespace

SinkType alertmanager_sink() noexcept {
  return {.name = "alertmanager", .calls_people = true, .make = make};
}

}  // namespace reachd::alert
