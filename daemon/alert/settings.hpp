#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/selector.hpp"
#include "config/settings.hpp"
#include "daemon/alert/sink.hpp"

namespace reachd::alert {

/// When changes are so many that they say nothing.
struct Flapping {
  std::uint16_t changes = 6;
  Duration within = std::chrono::minutes(30);
};

/// What may wait for a sink.
struct OutboxLimits {
  std::size_t max_events = 100'000;
  Duration max_age = std::chrono::days(7);
};

/// An entry of `sinks:`.
struct SinkSettings {
  std::string name;  ///< unique; the label of the metrics and the key of its cursor
  std::string_view type;
  config::Severity min_severity = config::Severity::info;
  std::vector<config::Selector> match;  ///< any of these; empty: all, also the daemon's own
  bool suppressed = false;              ///< also events that a modifier holds back
  MadeSink made;

  /// True if the event, or the alert, is for this sink.
  bool wants(const event::Event& event) const;
  bool wants(const event::Alert& alert) const;
};

/// The section `alerting:`.
struct Alerting {
  std::string external_url;  ///< ends with '/'; empty: unknown
  Duration resend = std::chrono::minutes(1);
  Flapping flapping;
  std::vector<Duration> certificate_expiring;  ///< longest first; default 30 and 7 days
  OutboxLimits outbox;
  std::vector<SinkSettings> sinks;
};

/// Reads Settings::alerting. All problems are reported; the result is usable if there was none.
/// Tests give sink types of their own.
Alerting read_alerting(const Value& value, Diagnostics& diagnostics,
                       std::span<const SinkType> types = sink_types());

}  // namespace reachd::alert
