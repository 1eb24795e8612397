#include "daemon/blackbox/service.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "daemon/blackbox/run.hpp"
#include "probes/core/duration.hpp"
#include "probes/core/printable.hpp"
#include "probes/core/words.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;
using config::blackbox::RefusedModule;
using web::Client;
using web::Request;
using web::Response;

constexpr double kUsualLimit = 120;  ///< seconds, where Prometheus names none
constexpr double kOffset = 0.5;      ///< seconds, for the way back to Prometheus
constexpr double kLongestLimit = 24 * 3600;

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";

using Prober = asio::awaitable<bool> (*)(Run&);

/// By config::blackbox::Prober.
constexpr std::array<Prober, 5> kProbers{&probe_http, &probe_tcp, &probe_icmp, &probe_dns,
                                         &probe_unix};

std::string_view parameter(const Request& request, std::string_view name) {
  const auto found =
      std::ranges::find(request.query, name, &std::pair<std::string, std::string>::first);
  return found == request.query.end() ? std::string_view() : std::string_view(found->second);
}

/// What debug=true keeps of the steps: a target may make as many as it likes.
constexpr std::size_t kMostLogBytes = std::size_t{256} * 1024;

/// The steps of a probe with their times, for debug=true.
class TimedLog final : public ProbeLog {
 public:
  explicit TimedLog(const Clock& clock) : clock_(clock), start_(clock.steady_now()) {}

  void line(std::string text) override {
    if (lines_.size() > kMostLogBytes) {
      return;
    }
    std::array<char, 32> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(),
                      to_seconds(clock_.steady_now() - start_), std::chars_format::fixed, 6)
            .ptr;
    lines_.append(digits.data(), end).append(" ").append(text).append("\n");
    if (lines_.size() > kMostLogBytes) {
      lines_ += "... and more, which is not kept\n";
    }
  }
  const std::string& lines() const noexcept { return lines_; }

 private:
  const Clock& clock_;
  const TimePoint start_;
  std::string lines_;
};

/// What a request asks for, once all of it is right.
struct Question {
  std::shared_ptr<const Configuration> configuration;  ///< owns the module
  const Module* module = nullptr;
  std::string target;
  std::string hostname;
  double limit = 0;  ///< seconds
  bool debug = false;
};

struct Refusal {
  Outcome outcome = Outcome::bad_request;
  unsigned status = 400;
  std::string text;
};

Refusal cant_honour(const RefusedModule& module) {
  std::string text;
  for (const Diagnostic& reason : module.reasons) {
    text += text.empty() ? "" : "; ";
    text += reason.message;  // which names the module
  }
  return {.outcome = Outcome::unknown_module, .status = 400, .text = std::move(text)};
}

/// The hostname of the request against a Host header of the module.
std::optional<std::string> host_conflict(const Module& module, std::string_view hostname) {
  if (module.prober != config::blackbox::Prober::http || hostname.empty()) {
    return std::nullopt;
  }
  for (const auto& [name, value] : module.http.headers) {
    if (same_word(name, "host") && value.reveal() != hostname) {
      return "the module has a Host header and the request a hostname, and they differ";
    }
  }
  return std::nullopt;
}

/// In the order of blackbox_exporter.
std::expected<Question, Refusal> understand(const Request& request,
                                            std::shared_ptr<const Configuration> configuration) {
  Question question;
  std::string_view name = parameter(request, "module");
  name = name.empty() ? "http_2xx" : name;
  question.module = configuration->modules.find(name);
  if (question.module == nullptr) {
    if (const RefusedModule* const refused = configuration->modules.find_refused(name)) {
      return std::unexpected(cant_honour(*refused));
    }
    return std::unexpected(Refusal{.outcome = Outcome::unknown_module,
                                   .text = "Unknown module " + printable(name, 200)});
  }
  const auto limit = time_limit(request.scrape_timeout, question.module->timeout);
  if (!limit) {
    return std::unexpected(Refusal{
        .status = 500, .text = "Failed to parse timeout from Prometheus header: " + limit.error()});
  }
  question.limit = *limit;
  question.target = parameter(request, "target");
  if (question.target.empty()) {
    return std::unexpected(Refusal{.text = "Target parameter is missing"});
  }
  // Taken out of its percent-encoding once more where that works, as upstream does.
  if (auto once_more = web::decode_query(question.target)) {
    question.target = std::move(*once_more);
  }
  question.hostname = parameter(request, "hostname");
  if (auto conflict = host_conflict(*question.module, question.hostname)) {
    return std::unexpected(Refusal{.text = std::move(*conflict)});
  }
  question.debug = parameter(request, "debug") == "true";
  question.configuration = std::move(configuration);
  return question;
}

Response answer_to(const Question& question, const Samples& samples, const TimedLog& log) {
  Response response;
  if (!question.debug) {
    response.content_type = kText;
    response.text.reserve(2048);
    samples.render(response.text);
    return response;
  }
  response.text = "Logs for the probe:\n" + log.lines();
  response.text += "\n\n\nMetrics that would have been returned:\n";
  samples.render(response.text);
  response.text += "\n\n\nModule configuration:\n" + question.module->text;
  return response;
}

class Service final : public web::Prober {
 public:
  Service(const asio::any_io_executor& executor, const Surroundings& surroundings,
          std::size_t most_in_flight)
      : current_(surroundings.current),
        counters_(surroundings.counters),
        most_in_flight_(most_in_flight),
        deadlines_(executor),
        network_{executor, deadlines_, surroundings.resolver, surroundings.trust,
                 surroundings.clock} {}

  asio::awaitable<Response> probe(const Request& request, Client& client) override {
    auto configuration = current_.get();
    if (!configuration) {
      co_return web::plain(404,
                           "/probe is switched off. It is switched on by probe_modules_file in "
                           "reachd's configuration, a file of blackbox_exporter's format, and "
                           "probe_allow, the networks that may be probed.");
    }
    const auto question = understand(request, std::move(configuration));
    if (!question) {
      co_return refuse(question.error());
    }
    if (counters_.in_flight() >= most_in_flight_) {
      co_return refuse({.outcome = Outcome::busy,
                        .status = 503,
                        .text = "Too many probes are under way; try again."});
    }
    TimedLog log(network_.clock);
    Samples samples;
    const TimePoint start = network_.clock.steady_now();
    const auto limit = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::max(question->limit, 0.0)));
    net::Deadline deadline(deadlines_, start + limit);
    if (limit == Duration::zero()) {
      deadline.stop();
    }
    const InFlight counted(counters_, client, deadline);
    Run run{.module = *question->module,
            .target = question->target,
            .hostname = question->hostname,
            .network = network_,
            .deadline = deadline,
            .allow = question->configuration->allow,
            .samples = samples,
            .log = question->debug ? &log : nullptr};
    const auto prober = kProbers.at(static_cast<std::size_t>(question->module->prober));
    const bool success = co_await prober(run);
    if (!run.refused.empty()) {
      co_return refuse({.outcome = Outcome::refused, .status = 403, .text = run.refused});
    }
    const double took = to_seconds(network_.clock.steady_now() - start);
    samples.set(Family::success, success ? 1 : 0);
    samples.set(Family::duration_seconds, took);
    samples.set(Family::timeout_seconds, question->limit);
    log_line(run,
             [&] { return std::string(success ? "the probe succeeded" : "the probe failed"); });
    counters_.count(success ? Outcome::success : Outcome::failure);
    co_return answer_to(*question, samples, log);
  }

  void stop() noexcept override { deadlines_.stop(); }

 private:
  /// One probe that runs, which its client ends by going away.
  class InFlight {
   public:
    InFlight(Counters& counters, Client& client, net::Deadline& deadline)
        : counters_(counters), client_(client) {
      counters_.begun();
      client_.when_gone([&deadline] { deadline.stop(); });
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;
    ~InFlight() {
      client_.when_gone(nullptr);
      counters_.ended();
    }

   private:
    Counters& counters_;
    Client& client_;
  };

  Response refuse(const Refusal& refusal) const {
    counters_.count(refusal.outcome);
    return web::plain(refusal.status, refusal.text);
  }

  const Current& current_;
  Counters& counters_;
  const std::size_t most_in_flight_;
  net::DeadlineQueue deadlines_;
  net::Network network_;
};

}  // namespace

void Current::set(std::shared_ptr<const Configuration> configuration) {
  const std::scoped_lock lock(mutex_);
  configuration_.swap(configuration);  // the old one goes outside of the lock
}

std::shared_ptr<const Configuration> Current::get() const {
  const std::scoped_lock lock(mutex_);
  return configuration_;
}

std::expected<double, std::string> time_limit(std::string_view header,
                                              std::chrono::nanoseconds module) {
  double given = 0;
  if (!header.empty()) {
    const std::string_view digits = header.substr(header.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), given);
    if (error != std::errc{} || end != digits.data() + digits.size() || std::isnan(given)) {
      return std::unexpected(printable(header) + " is no number");
    }
  }
  const double most = std::min(given == 0 ? kUsualLimit : given, kLongestLimit) - kOffset;
  const double own = to_seconds(module);
  return most < 0 || (own > 0 && own < most) ? own : most;
}

std::unique_ptr<web::Prober> make_service(const asio::any_io_executor& executor,
                                          const Surroundings& surroundings,
                                          std::size_t most_in_flight) {
  return std::make_unique<Service>(executor, surroundings, most_in_flight);
}

}  // namespace reachd::blackbox
