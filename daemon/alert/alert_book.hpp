#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/event/alert.hpp"
#include "probes/core/clock.hpp"

namespace reachd::alert {

/// Which alerts are open, and which ended lately. Pure. An open alert's address stays until it is
/// forgotten.
class AlertBook {
 public:
  /// Ended alerts are kept for `told_for`, by the steady clock.
  explicit AlertBook(Duration told_for) : told_for_(told_for) {}

  /// Takes over what was kept; `age`: how long ago it ended, if it did.
  event::Alert* restore(event::Alert alert, TimePoint now, Duration age);
  /// Opens it; one of the same key that ended lately begins anew.
  event::Alert* open(event::Alert alert);
  void end(event::Alert& alert, WallTime at, TimePoint now);
  /// Forgets what ended long enough ago and gives the keys.
  std::vector<std::string> expire(TimePoint now);
  /// When expire() has something to do; the end of time if never.
  TimePoint next_expiry() const noexcept;

  /// Null: none is open under this key.
  event::Alert* find_open(std::string_view key);
  std::vector<event::Alert> all() const;
  /// Calls `visit(event::Alert&)` with each that is open; it must not open or end any.
  template <typename Visit>
  void each_open(Visit&& visit) {
    for (auto& [key, record] : alerts_) {
      if (!record.alert.ended) {
        visit(record.alert);
      }
    }
  }

 private:
  struct Record {
    event::Alert alert;
    TimePoint forget = TimePoint::max();  ///< when, if it ended
  };

  void forget_at(const event::Alert& alert, TimePoint when);

  const Duration told_for_;
  std::map<std::string, Record, std::less<>> alerts_;  ///< by key
  std::multimap<TimePoint, std::string> ending_;       ///< keys of what ended, by when to forget
};

}  // namespace reachd::alert
