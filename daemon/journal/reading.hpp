#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/core/clock.hpp"

namespace reachd::journal {

/// An event as it is kept.
struct EventRow {
  std::int64_t sequence = 0;  ///< grows by one from event to event: the order of everything
  std::string id;             ///< ULID
  WallTime time{};
  std::string kind;   ///< "check.down"
  std::string check;  ///< id; empty: about the daemon
  std::string body;   ///< the whole event as JSON, one line
};

/// A check's state changed; what was before ended then. States are engine::Verdict's numbers; 0 is
/// "not observed": unknown, or taken out of the configuration.
struct Transition {
  std::string check;
  WallTime time{};
  std::uint8_t state = 0;
};

/// Which events. Everything that is set must fit.
struct EventQuery {
  std::optional<std::int64_t> after;   ///< sequence
  std::optional<std::int64_t> before;  ///< sequence
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::vector<std::string> kinds;  ///< any of these; empty: all
  std::string check;               ///< glob of the check's id; empty: all, also the daemon's own
  bool newest_first = false;
  std::size_t limit = 1000;
};

/// How long a check was what, within a window. The four add up to the window.
struct Availability {
  std::string check;  ///< id
  std::string name;
  std::string product;
  std::string device;  ///< empty: none
  Duration up{};
  Duration degraded{};
  Duration down{};
  Duration not_observed{};  ///< no daemon ran, or it had no proof either way
  /// The window in equal slots, each with the worst that was seen in it as engine::Verdict's
  /// number: '1' up, '2' degraded, '3' down, '0' not observed. Empty unless asked for.
  std::string slots{};

  Duration observed() const noexcept { return up + degraded + down; }
  /// Up or degraded of what was observed, 0 to 1; nothing where nothing was.
  std::optional<double> available() const noexcept;
};
/// Sums of what has the same product, or the same device, sorted by it; only that and the times are
/// set. What has no device is left out there.
std::vector<Availability> by_product(std::span<const Availability> checks);
std::vector<Availability> by_device(std::span<const Availability> checks);

/// Reads a journal, also one that a daemon writes at the same time. Thread-safe. Errors are
/// sentences.
class Reading {
 public:
  virtual ~Reading() = default;
  virtual std::expected<std::vector<EventRow>, std::string> events(
      const EventQuery& query) const = 0;
  /// Of the event with this id; nothing: there is none (any more).
  virtual std::expected<std::optional<std::int64_t>, std::string> sequence_of(
      const std::string& event_id) const = 0;
  virtual std::int64_t last_sequence() const = 0;
  /// Every check that was observed in the window or is configured now, sorted by id. `slots`: into
  /// how many the window is cut for Availability::slots; 0: none.
  virtual std::expected<std::vector<Availability>, std::string> availability(
      WallTime from, WallTime to, std::size_t slots) const = 0;
};

/// Opens the journal in `folder` for reading only.
std::expected<std::unique_ptr<Reading>, std::string> open_reading(const std::string& folder);

}  // namespace reachd::journal
