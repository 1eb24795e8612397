#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/engine/engine.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/metrics/format.hpp"
#include "daemon/version.hpp"

namespace reachd::metrics {

/// The daemon's own series (contract, section 5). All functions are thread-safe; those that count
/// are quick enough for every probe.
class SelfMetrics : public engine::Observer {
 public:
  /// `kind` is one of section 7's list.
  virtual void count_event(std::string_view kind) = 0;
  /// `outcome`: delivered, failed, refused, dropped. A sink's first count or number makes all its
  /// series.
  virtual void count_delivery(std::string_view sink, std::string_view outcome,
                              std::uint64_t count) = 0;
  /// What waits for the sink now, and for how long the oldest of it has.
  virtual void set_pending(std::string_view sink, std::uint64_t pending, Duration oldest) = 0;
  /// The series of the sink go.
  virtual void forget_sink(std::string_view sink) = 0;
  virtual void count_journal_error() = 0;
  /// How the last reading of the configuration ended; also called for the one at start.
  virtual void config_read(bool successful, WallTime when) = 0;

  /// The whole exposition of these series, without an end mark. `states` counts the checks of the
  /// running plan.
  virtual std::string render(Format format, std::string_view vantage, const StateCounts& states,
                             std::uint32_t in_flight) = 0;
};

/// `types` is the table of probe types; it outlives the result.
std::unique_ptr<SelfMetrics> make_self_metrics(const BuildFacts& build,
                                               std::span<const ProbeType> types);

}  // namespace reachd::metrics
