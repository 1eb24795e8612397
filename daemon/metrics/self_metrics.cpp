#include "daemon/metrics/self_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/metrics/process.hpp"
#include "probes/core/duration.hpp"

namespace reachd::metrics {
namespace {

using prometheus::Counter;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr std::array<std::string_view, 12> kEventKinds = {
    "check.down",      "check.up",        "check.degraded",
    "check.unknown",   "check.flapping",  "certificate.expiring",
    "daemon.started",  "daemon.stopped",  "config.reloaded",
    "config.rejected", "journal.failing", "journal.recovered"};

constexpr std::array<std::string_view, 4> kDeliveryOutcomes = {"delivered", "failed", "refused",
                                                               "dropped"};

constexpr std::array kProbeBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                     0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 30.0};
/// The scheduler's goal is 20 ms at the 99th percentile; a probe that waits for its host's turn may
/// be seconds late.
constexpr std::array kLagBounds = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                   0.1,    0.2,   0.5,   1.0,   2.0,  5.0,  30.0};

Histogram::BucketBoundaries bounds(std::span<const double> from) {
  return {from.begin(), from.end()};
}

double unix_time(WallTime time) {
  // Milliseconds are what a clock is worth; more digits would only be noise of the conversion.
  const auto count = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  return static_cast<double>(count) / 1000;
}

void append_sample(std::string& out, std::string_view name, std::string_view suffix,
                   const std::vector<prometheus::ClientMetric::Label>& labels,
                   std::string_view bound, double value) {
  out += name;
  out += suffix;
  char separator = '{';
  for (const auto& label : labels) {
    out += separator;
    append_label(out, label.name, label.value);
    separator = ',';
  }
  if (!bound.empty()) {
    out += separator;
    append_label(out, "le", bound);
    separator = ',';
  }
  out += separator == ',' ? "} " : " ";
  append_number(out, value);
  out += '\n';
}

void append_histogram(std::string& out, Format format, std::string_view name,
                      const prometheus::ClientMetric& metric) {
  const auto& histogram = metric.histogram;
  for (const auto& bucket : histogram.bucket) {
    std::string bound;
    append_bound(bound, format, bucket.upper_bound);
    append_sample(out, name, "_bucket", metric.label, bound,
                  static_cast<double>(bucket.cumulative_count));
  }
  append_sample(out, name, "_sum", metric.label, {}, histogram.sample_sum);
  append_sample(out, name, "_count", metric.label, {}, static_cast<double>(histogram.sample_count));
}

void append_family(std::string& out, Format format, const prometheus::MetricFamily& family) {
  const bool counter = family.type == prometheus::MetricType::Counter;
  const bool histogram = family.type == prometheus::MetricType::Histogram;
  const Type type = counter ? Type::counter : histogram ? Type::histogram : Type::gauge;
  append_header(out, format, family.name, type, family.help);
  for (const prometheus::ClientMetric& metric : family.metric) {
    if (histogram) {
      append_histogram(out, format, family.name, metric);
    } else {
      append_sample(out, family.name, {}, metric.label, {},
                    counter ? metric.counter.value : metric.gauge.value);
    }
  }
}

class SelfMetricsImpl final : public SelfMetrics {
 public:
  SelfMetricsImpl(const BuildFacts& build, std::span<const ProbeType> types) {
    gauge("reachd_build_info", "Which build this is.",
          {{"version", std::string(build.version)},
           {"revision", std::string(build.commit)},
           {"compiler", std::string(build.compiler)}})
        .Set(1);
    auto& durations = prometheus::BuildHistogram()
                          .Name("reachd_probe_duration_seconds")
                          .Help("How long probes took, by kind.")
                          .Register(registry_);
    for (const ProbeType& type : types) {
      durations_.emplace_back(
          &type, &durations.Add({{"probe", std::string(type.name)}}, bounds(kProbeBounds)));
    }
    for (const engine::Skip cause :
         {engine::Skip::overlap, engine::Skip::descriptors, engine::Skip::suspended}) {
      skipped_[static_cast<std::size_t>(cause)] =
          &counter("reachd_probes_skipped_total", "Due probes that were not run, by cause.",
                   {{"cause", std::string(to_string(cause))}});
    }
    for (std::size_t state = 0; state < states_.size(); ++state) {
      states_[state] =
          &gauge("reachd_checks", "Checks of the plan by their confirmed state.",
                 {{"state", std::string(to_string(static_cast<engine::Verdict>(state)))}});
    }
    for (std::size_t kind = 0; kind < kEventKinds.size(); ++kind) {
      events_[kind] = &counter("reachd_events_total", "Things that happened, by kind.",
                               {{"kind", std::string(kEventKinds[kind])}});
    }
  }

  void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) override {
    const auto found = std::ranges::find(durations_, &type, &TypeDuration::first);
    if (found != durations_.end()) {
      found->second->Observe(to_seconds(outcome.timings.total));
    }
    lag_.Observe(to_seconds(lag));
  }

  void on_skip(engine::Skip cause, std::uint64_t count) override {
    skipped_[static_cast<std::size_t>(cause)]->Increment(static_cast<double>(count));
  }

  /// What becomes an event is count_event()'s.
  void on_change(const config::Check& /*check*/, engine::Verdict /*from*/,
                 const engine::CheckStatus& /*status*/) override {}

  void count_event(std::string_view kind) override {
    const auto found = std::ranges::find(kEventKinds, kind);
    if (found != kEventKinds.end()) {
      events_[static_cast<std::size_t>(found - kEventKinds.begin())]->Increment();
    }
  }

  void count_delivery(std::string_view sink, std::string_view outcome,
                      std::uint64_t count) override {
    sinks_.count(sink, outcome, count);
  }

  void set_pending(std::string_view sink, std::uint64_t pending, Duration oldest) override {
    sinks_.set_pending(sink, pending, oldest);
  }

  void forget_sink(std::string_view sink) override { sinks_.forget(sink); }

  void count_journal_error() override { journal_errors_.Increment(); }

  void config_read(bool successful, WallTime when) override {
    reload_successful_.Set(successful ? 1 : 0);
    if (successful) {
      reload_time_.Set(unix_time(when));
    }
  }

  std::string render(Format format, std::string_view vantage, const StateCounts& states,
                     std::uint32_t in_flight) override {
    const std::scoped_lock lock(render_mutex_);
    for (std::size_t state = 0; state < states_.size(); ++state) {
      states_[state]->Set(static_cast<double>(states[state]));
    }
    in_flight_.Set(in_flight);
    set_vantage(vantage);
    process_.update();
    std::vector<prometheus::MetricFamily> families = registry_.Collect();
    std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
    std::string out;
    for (prometheus::MetricFamily& family : families) {
      std::ranges::sort(family.metric, {}, &prometheus::ClientMetric::label);
      append_family(out, format, family);
    }
    return out;
  }

 private:
  using TypeDuration = std::pair<const ProbeType*, Histogram*>;

  Gauge& gauge(std::string_view name, std::string_view help,
               const prometheus::Labels& labels = {}) {
    return gauge_in(registry_, name, help, labels);
  }
  static Gauge& gauge_in(prometheus::Registry& registry, std::string_view name,
                         std::string_view help, const prometheus::Labels& labels = {}) {
    return prometheus::BuildGauge()
        .Name(std::string(name))
        .Help(std::string(help))
        .Register(registry)
        .Add(labels);
  }
  Counter& counter(std::string_view name, std::string_view help,
                   const prometheus::Labels& labels = {}) {
    return prometheus::BuildCounter()
        .Name(std::string(name))
        .Help(std::string(help))
        .Register(registry_)
        .Add(labels);
  }

  void set_vantage(std::string_view vantage) {
    if (vantage_ != nullptr && vantage == vantage_name_) {
      return;
    }
    if (vantage_ != nullptr) {
      vantages_.Remove(vantage_);
    }
    vantage_name_ = vantage;
    vantage_ = &vantages_.Add({{"vantage", vantage_name_}});
    vantage_->Set(1);
  }

  /// The series of each sink.
  class SinkMetrics {
   public:
    explicit SinkMetrics(prometheus::Registry& registry)
        : deliveries_(prometheus::BuildCounter()
                          .Name("reachd_deliveries_total")
                          .Help("Events and alerts on their way to a sink, by how that ended.")
                          .Register(registry)),
          pending_(prometheus::BuildGauge()
                       .Name("reachd_outbox_pending")
                       .Help("Events and alerts that wait for a sink.")
                       .Register(registry)),
          oldest_(prometheus::BuildGauge()
                      .Name("reachd_outbox_oldest_seconds")
                      .Help("How long the oldest of what waits for a sink has waited.")
                      .Register(registry)) {}

    void count(std::string_view sink, std::string_view outcome, std::uint64_t count) {
      const auto found = std::ranges::find(kDeliveryOutcomes, outcome);
      if (found != kDeliveryOutcomes.end()) {
        const std::scoped_lock lock(mutex_);
        of(sink).deliveries[static_cast<std::size_t>(found - kDeliveryOutcomes.begin())]->Increment(
            static_cast<double>(count));
      }
    }

    void set_pending(std::string_view sink, std::uint64_t pending, Duration oldest) {
      const std::scoped_lock lock(mutex_);
      const Series& series = of(sink);
      series.pending->Set(static_cast<double>(pending));
      series.oldest->Set(to_seconds(oldest));
    }

    void forget(std::string_view sink) {
      const std::scoped_lock lock(mutex_);
      const auto found = sinks_.find(sink);
      if (found == sinks_.end()) {
        return;
      }
      for (Counter* const counter : found->second.deliveries) {
        deliveries_.Remove(counter);
      }
      pending_.Remove(found->second.pending);
      oldest_.Remove(found->second.oldest);
      sinks_.erase(found);
    }

   private:
    struct Series {
      std::array<Counter*, kDeliveryOutcomes.size()> deliveries{};
      Gauge* pending = nullptr;
      Gauge* oldest = nullptr;
    };

    const Series& of(std::string_view sink) {
      if (const auto found = sinks_.find(sink); found != sinks_.end()) {
        return found->second;
      }
      const std::string name(sink);
      Series& series = sinks_[name];
      for (std::size_t outcome = 0; outcome < kDeliveryOutcomes.size(); ++outcome) {
        series.deliveries[outcome] = &deliveries_.Add(
            {{"sink", name}, {"outcome", std::string(kDeliveryOutcomes[outcome])}});
      }
      series.pending = &pending_.Add({{"sink", name}});
      series.oldest = &oldest_.Add({{"sink", name}});
      return series;
    }

    prometheus::Family<Counter>& deliveries_;
    prometheus::Family<Gauge>& pending_;
    prometheus::Family<Gauge>& oldest_;
    std::mutex mutex_;
    std::map<std::string, Series, std::less<>> sinks_;  ///< guarded by it
  };

  /// The process_* series under their usual names. A fact that the system does not tell stays away.
  class ProcessMetrics {
   public:
    explicit ProcessMetrics(prometheus::Registry& registry) : registry_(registry) {}

    void update() {
      const ProcessFacts facts = read_process_facts();
      if (facts.cpu) {
        if (cpu_ == nullptr) {
          cpu_ = &prometheus::BuildCounter()
                      .Name("process_cpu_seconds_total")
                      .Help("Processor time of the process, user and system.")
                      .Register(registry_)
                      .Add({});
        }
        cpu_->Increment(std::max(0.0, to_seconds(*facts.cpu) - cpu_->Value()));
      }
      set(resident_, facts.resident_bytes, "process_resident_memory_bytes",
          "Resident memory of the process.");
      set(virtual_, facts.virtual_bytes, "process_virtual_memory_bytes",
          "Address space of the process.");
      set(open_, facts.open_descriptors, "process_open_fds", "Open file descriptors.");
      set(limit_, facts.max_descriptors, "process_max_fds", "How many may be open.");
      const auto start = facts.start.transform(unix_time);
      set(start_, start, "process_start_time_seconds", "When the process began, in Unix time.");
    }

   private:
    template <typename Number>
    void set(Gauge*& gauge, const std::optional<Number>& fact, std::string_view name,
             std::string_view help) {
      if (fact) {
        if (gauge == nullptr) {
          gauge = &gauge_in(registry_, name, help);
        }
        gauge->Set(static_cast<double>(*fact));
      }
    }

    prometheus::Registry& registry_;
    Counter* cpu_ = nullptr;
    Gauge* resident_ = nullptr;
    Gauge* virtual_ = nullptr;
    Gauge* open_ = nullptr;
    Gauge* limit_ = nullptr;
    Gauge* start_ = nullptr;
  };

  // Constant after construction; what the references and pointers lead to is thread-safe.
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
  std::vector<TypeDuration> durations_;
  std::array<Counter*, 3> skipped_{};
  std::array<Gauge*, std::tuple_size_v<StateCounts>> states_{};
  std::array<Counter*, kEventKinds.size()> events_{};
  Histogram& lag_ = prometheus::BuildHistogram()
                        .Name("reachd_schedule_lag_seconds")
                        .Help("How much later than scheduled probes began.")
                        .Register(registry_)
                        .Add({}, bounds(kLagBounds));
  Gauge& in_flight_ = gauge("reachd_probes_in_flight", "Probes that are running now.");
  Gauge& reload_successful_ = gauge("reachd_config_last_reload_successful",
                                    "1 if the configuration was good when it was last read.");
  Gauge& reload_time_ = gauge("reachd_config_last_reload_success_timestamp_seconds",
                              "When the configuration was last read and good.");
  Counter& journal_errors_ =
      counter("reachd_journal_errors_total", "Attempts to write the journal that failed.");
  prometheus::Family<Gauge>& vantages_ = prometheus::BuildGauge()
                                             .Name("reachd_vantage_info")
                                             .Help("The host that it is all seen from.")
                                             .Register(registry_);

  SinkMetrics sinks_{registry_};

  std::mutex render_mutex_;
  // Guarded by it.
  std::string vantage_name_;
  Gauge* vantage_ = nullptr;
  ProcessMetrics process_{registry_};
};

}  // namespace

std::unique_ptr<SelfMetrics> make_self_metrics(const BuildFacts& build,
                                               std::span<const ProbeType> types) {
  return std::make_unique<SelfMetricsImpl>(build, types);
}

}  // namespace reachd::metrics
