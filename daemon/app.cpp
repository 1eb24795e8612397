#include "daemon/app.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/alert/alerter.hpp"
#include "daemon/blackbox/counters.hpp"
#include "daemon/blackbox/service.hpp"
#include "daemon/configuration.hpp"
#include "daemon/engine/engine.hpp"
#include "daemon/limits.hpp"
#include "daemon/log/log.hpp"
#include "daemon/metrics/self_metrics.hpp"
#include "daemon/observations.hpp"
#include "daemon/platform/passed_sockets.hpp"
#include "daemon/platform/paths.hpp"
#include "daemon/platform/service_host.hpp"
#include "daemon/version.hpp"
#include "daemon/web/server.hpp"
#include "daemon/wiring.hpp"
#include "probes/core/file_path.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "probes/registry.hpp"

namespace reachd {
namespace {

namespace asio = boost::asio;
using platform::ServiceHost;

constexpr int kStopped = 0;
constexpr int kCantStart = 1;
constexpr int kBadConfiguration = 2;

/// How long the scheduler may stand still before the watchdog is not fed and /-/healthy says so.
constexpr Duration kLongestPause = std::chrono::seconds(20);

/// What a stop may take for events on their way: with the web server's answers on theirs it ends
/// within a second. What has not arrived is in the journal for the next run.
constexpr Duration kFlush = std::chrono::milliseconds(500);

/// When the first certificates have been seen, and how often they are looked at afterwards.
constexpr auto kFirstLook = std::chrono::seconds(5);
constexpr auto kLookEvery = std::chrono::seconds(30);

/// When a file was last written; none in particular if there is none.
std::filesystem::file_time_type file_time(const std::string& path) {
  std::error_code ignored;
  const auto time = std::filesystem::last_write_time(to_path(path), ignored);
  return ignored ? std::filesystem::file_time_type() : time;
}

std::vector<std::string> texts(const std::vector<Target>& targets) {
  std::vector<std::string> result;
  result.reserve(targets.size());
  for (const Target& target : targets) {
    result.push_back(target.text);
  }
  return result;
}

/// The host of a URL that may be empty.
std::vector<std::string> names_in(const std::string& url) {
  const auto target = parse_target(url);
  return target ? std::vector{target->host} : std::vector<std::string>();
}

void tell_notes(const Loaded& loaded) {
  for (const std::string& note : notes_of(loaded)) {
    log::warning("a part of the configuration is of no use", {{"why", note}});
  }
}

web::Access access_of(const config::Web& web) {
  return {.config_file = web.config_file, .excluded_paths = web.auth_excluded_paths};
}

/// Everything that runs, in the order in which it is built; it is taken down in the reverse. Main
/// thread.
class Daemon {
 public:
  /// Throws where it can't start: no descriptors, a listening address in use.
  Daemon(const AppOptions& options, Loaded loaded, const config::Web& web,
         const std::vector<int>& passed, Observations observations)
      : config_file_(options.config_file),
        observations_(std::move(observations)),
        listen_(texts(web.listen)),
        access_(access_of(web)),
        concurrency_(loaded.configuration.settings.limits.concurrency),
        journal_(journal_options(loaded.configuration.settings)),
        probing_(loaded.probing),
        rules_(rules_of(std::move(loaded))),
        host_(platform::make_service_host(context_)),
        metrics_(metrics::make_self_metrics(build_facts(), probe_types())),
        loop_observer_(*metrics_),
        deliveries_(*metrics_),
        resolver_(net::make_resolver()),
        alerter_(alert::make_alerter(journal_, rules_.plan->vantage, surroundings(), deliveries_,
                                     *resolver_, trust_, system_clock())),
        remembered_(alerter_->take_remembered()),
        engine_(engine::make_engine(
            {.concurrency = concurrency_,
             .remember = [this](std::string_view check) { return remembered_(check); }},
            *resolver_, trust_, system_clock(), loop_observer_)),
        loaded_(file_time(config_file_)),
        watchdog_(context_),
        look_(context_) {
    loop_observer_.connect(*alerter_);
    auto server = web::start_server(web.listen, web_callbacks(), web_limits(), passed, access_);
    if (!server) {
      throw std::runtime_error(server.error());
    }
    web_ = std::move(*server);
    streams_ = web_.get();
  }

  void run() {
    host_->on_requests([this] { stop(); }, [this] { reload(); });
    alerter_->own(event::Kind::daemon_started, "reachd " + std::string(build_facts().version) +
                                                   " started, watching " + counts_of(*rules_.plan));
    go_over();
    remembered_ = [](std::string_view) { return std::nullopt; };
    metrics_->config_read(true, system_clock().wall_now());
    ready_ = true;
    log::info("watching", {{"vantage", rules_.plan->vantage},
                           {"plan", counts_of(*rules_.plan)},
                           {"web", web_addresses()}});
    host_->report(ServiceHost::State::running, "watching " + counts_of(*rules_.plan));
    feed_watchdog();
    look_at_certificates_in(kFirstLook);
    context_.run();
  }

 private:
  /// Goes over to what the file says now; an invalid one changes nothing. The error if there was
  /// one.
  std::optional<std::string> reload() {
    if (stopping_) {
      return "the daemon is stopping";
    }
    host_->report(ServiceHost::State::reloading, "reading the configuration");
    Diagnostics diagnostics;
    std::optional<Loaded> loaded;
    const auto time = file_time(config_file_);
    try {
      loaded = load(config_file_, diagnostics,
                    [this](const config::Settings&) { return observations_.observed(); });
      refuse_to_watch_nothing(loaded, *rules_.plan, diagnostics);
    } catch (const std::exception& failure) {
      // No memory or no thread to read it with: the running plan is worth more than the new one.
      diagnostics.error({}, std::string("can't read the configuration: ") + failure.what());
    }
    metrics_->config_read(loaded.has_value(), system_clock().wall_now());
    std::optional<std::string> error;
    if (loaded) {
      const config::Settings& settings = loaded->configuration.settings;
      loaded_ = time;
      learnt_ = false;
      if (texts(settings.web.listen) != listen_ || access_of(settings.web) != access_ ||
          settings.limits.concurrency != concurrency_ || journal_options(settings) != journal_) {
        log::warning(
            "web, limits.concurrency, state_dir and journal take effect at the next start");
      }
      tell_notes(*loaded);
      trust_.clear();
      probing_.set(loaded->probing);
      rules_ = rules_of(std::move(*loaded));
      go_over();
      alerter_->own(event::Kind::config_reloaded,
                    "The configuration was reloaded: " + counts_of(*rules_.plan));
      log::info("configuration reloaded", {{"plan", counts_of(*rules_.plan)}});
    } else {
      error = diagnostics.to_string();
      alerter_->own(event::Kind::config_rejected,
                    "The configuration was rejected, the running plan stays: " +
                        error->substr(0, error->find('\n')));
      log::error("configuration rejected, the running plan stays", {{"errors", *error}});
    }
    host_->report(ServiceHost::State::running, "watching " + counts_of(*rules_.plan));
    return error;
  }

  /// Alerting first, so that it knows the checks whose verdicts come.
  void go_over() {
    alerter_->adopt(rules_);
    engine_->apply(rules_.plan);
  }

  void stop() {
    if (std::exchange(stopping_, true)) {
      return;
    }
    log::info("stopping");
    host_->report(ServiceHost::State::stopping, "stopping");
    ready_ = false;
    host_->close();
    watchdog_.cancel();
    look_.cancel();
    // What is on its way goes out first; then the streams show it, and probing ends.
    alerter_->stop(kFlush);
    web_->stop();
    engine_->stop();
  }

  alert::Surroundings surroundings() {
    return {
        .look_now =
            [this](std::vector<std::string> checks) { engine_->look_now(std::move(checks)); },
        .mark = [this](auto marks) { engine_->mark(std::move(marks)); },
        .board = [this] { return engine_->board(); },
        .count_event = [this](event::Kind kind) { metrics_->count_event(to_string(kind)); },
        .count_journal_error = [this] { metrics_->count_journal_error(); },
        .released =
            [this](std::int64_t sequence) {
              newest_event_ = sequence;
              if (web::Server* const server = streams_; server != nullptr) {
                server->events_released();
              }
            },
    };
  }

  web::Callbacks web_callbacks() {
    return {
        .board = [this] { return engine_->board(); },
        .healthy = [this] { return healthy(); },
        .ready = [this] { return ready_.load(); },
        .own_series =
            [this](metrics::Format format, const metrics::StateCounts& states) {
              const auto board = engine_->board();
              std::string own =
                  metrics_->render(format, board ? board->plan().vantage : std::string(), states,
                                   engine_->in_flight());
              if (probing_.get()) {
                probe_counters_.render(own, format);
              }
              return own;
            },
        .reload =
            [this](std::function<void(std::optional<std::string>)> done) {
              asio::post(context_, [this, done = std::move(done)] { done(reload()); });
            },
        .journal = [this]() -> const journal::Reading& { return alerter_->journal().reading(); },
        .newest_event = [this] { return newest_event_.load(); },
        .next_events =
            [this](std::int64_t after, std::size_t most) {
              return alerter_->journal().next_events(after, most);
            },
        .make_prober =
            [this](const asio::any_io_executor& executor) {
              return blackbox::make_service(executor,
                                            {.current = probing_,
                                             .counters = probe_counters_,
                                             .resolver = *resolver_,
                                             .trust = trust_,
                                             .clock = system_clock()},
                                            web_limits().connections * 3 / 4);
            },
        .names = names_in(rules_.alerting->external_url),
    };
  }

  bool healthy() const {
    return system_clock().steady_now() - engine_->last_progress() < kLongestPause;
  }

  std::string web_addresses() const {
    std::string text;
    for (const Endpoint& endpoint : web_->endpoints()) {
      text += (text.empty() ? "" : ", ") + endpoint.to_string();
    }
    return text;
  }

  void feed_watchdog() {
    const auto every = host_->alive_every();
    if (!every || stopping_) {
      return;
    }
    if (healthy()) {
      host_->alive();
    }
    watchdog_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(*every));
    watchdog_.async_wait([this](const boost::system::error_code& error) {
      if (!error) {
        feed_watchdog();
      }
    });
  }

  /// What the certificates name becomes part of the plan, as a reload would make it.
  void look_at_certificates_in(std::chrono::seconds wait) {
    look_.expires_after(wait);
    look_.async_wait([this](const boost::system::error_code& error) {
      if (error || stopping_) {
        return;
      }
      learnt_ = observations_.look(*engine_->board(), system_clock().wall_now()) || learnt_;
      // Never what somebody is still writing: then it waits for the reload that they will ask for.
      if (std::exchange(learnt_, false) && file_time(config_file_) == loaded_) {
        log::info("certificates name other hosts for their revocation than before: reloading");
        reload();
      }
      look_at_certificates_in(kLookEvery);
    });
  }

  const std::string config_file_;
  Observations observations_;
  const std::vector<std::string> listen_;
  const web::Access access_;
  const std::uint32_t concurrency_;
  const journal::Options journal_;
  blackbox::Current probing_;
  blackbox::Counters probe_counters_;
  alert::Rules rules_;
  asio::io_context context_{1};
  std::unique_ptr<ServiceHost> host_;
  std::unique_ptr<metrics::SelfMetrics> metrics_;
  LoopObserver loop_observer_;
  DeliveryMetrics deliveries_;
  net::TrustStore trust_;
  std::unique_ptr<net::Resolver> resolver_;
  std::atomic<std::int64_t> newest_event_ = 0;
  std::atomic<web::Server*> streams_ = nullptr;  ///< web_, once it runs
  std::unique_ptr<alert::Alerter> alerter_;
  engine::Remember remembered_;  ///< until the first plan runs
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<web::Server> web_;
  std::filesystem::file_time_type loaded_;  ///< the configuration file's, when it was last read
  bool learnt_ = false;                     ///< something that the plan does not hold yet
  asio::steady_timer watchdog_;
  asio::steady_timer look_;
  std::atomic<bool> ready_ = false;
  bool stopping_ = false;
};

}  // namespace

int run_daemon(const AppOptions& options) {
  if (!options.log_file.empty()) {
    // Where that fails the file can't be opened either, and that is told.
    [[maybe_unused]] const std::error_code ignored =
        platform::make_private_folder(to_text(to_path(options.log_file).parent_path()));
  }
  log::configure({.level = log::parse_level(options.log_level).value_or(log::Level::info),
                  .format = options.log_json ? log::Format::json : log::Format::text,
                  .file = options.log_file});
  log::info("reachd starting",
            {{"version", build_facts().version}, {"commit", build_facts().commit}});
  const auto passed = platform::take_passed_sockets();
  if (!passed) {
    log::error("can't start", {{"error", passed.error()}});
    return kCantStart;
  }
  Diagnostics diagnostics;
  std::optional<Observations> observations;
  auto loaded = load(options.config_file, diagnostics, [&](const config::Settings& settings) {
    observations.emplace(state_folder(settings));
    return observations->observed();
  });
  if (!loaded) {
    if (options.log_file.empty()) {
      std::fputs(diagnostics.to_string().c_str(), stderr);
    } else {
      log::error("can't start: bad configuration", {{"errors", diagnostics.to_string()}});
    }
    return kBadConfiguration;
  }
  tell_notes(*loaded);
  std::unique_ptr<Daemon> daemon;
  try {
    const config::Web web = loaded->configuration.settings.web;
    daemon = std::make_unique<Daemon>(options, std::move(*loaded), web, *passed,
                                      std::move(*observations));
  } catch (const std::exception& error) {
    log::error("can't start", {{"error", error.what()}});
    return kCantStart;
  }
  daemon->run();
  daemon.reset();
  log::info("stopped");
  return kStopped;
}

}  // namespace reachd
