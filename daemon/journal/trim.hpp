#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "daemon/journal/sqlite.hpp"
#include "probes/core/clock.hpp"

namespace reachd::journal {

/// Takes what is too old, or too much, out of the file in small steps between commits: events,
/// transitions, runs, checks that are gone. An event that a cursor has not passed stays unless the
/// file is too big. The newest event always stays: its number is what the next one grows from. Rows
/// of state are never touched. Throws sqlite::Error. One thread.
class Trimmer {
 public:
  Trimmer(Duration max_age, std::uint64_t max_bytes) : max_age_(max_age), max_bytes_(max_bytes) {}

  /// At most kMostRows rows. True: there is more to do.
  bool step(sqlite::Connection& connection, WallTime now, TimePoint steady);
  /// True once if checks were removed: numbers that somebody remembers may be gone.
  bool take_removed_checks() noexcept { return std::exchange(removed_checks_, false); }

  static constexpr int kMostRows = 500;
  /// A round by age begins so long after the first step, so that a clock that is wrong when the
  /// machine starts can be set before it ages anything, and so often.
  static constexpr Duration kFirst = std::chrono::minutes(10);
  static constexpr Duration kEvery = std::chrono::hours(1);
  /// How often the size is looked at.
  static constexpr Duration kLookEvery = std::chrono::seconds(10);

 private:
  enum class Phase : std::uint8_t { idle, events, transitions, checks, vacuum };

  bool begin(sqlite::Connection& connection, std::int64_t now, TimePoint steady);
  bool trim_events(sqlite::Connection& connection) const;
  bool trim_transitions(sqlite::Connection& connection);
  bool trim_checks(sqlite::Connection& connection);

  const Duration max_age_;
  const std::uint64_t max_bytes_;
  Phase phase_ = Phase::idle;
  std::int64_t cut_ = 0;        ///< what is older goes
  bool too_big_ = false;        ///< cursors don't hold anything back
  std::int64_t first_run_ = 0;  ///< the first one that is needed
  std::int64_t at_check_ = 0;   ///< up to which number the transitions are done
  std::optional<TimePoint> next_round_;
  TimePoint next_look_{};
  bool removed_checks_ = false;
};

}  // namespace reachd::journal
