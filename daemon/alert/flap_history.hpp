#pragma once

#include <optional>
#include <vector>

#include "daemon/alert/settings.hpp"
#include "probes/core/clock.hpp"

namespace reachd::alert {

/// Whether one check changes so often that its changes say nothing. Counts changes between
/// reachable and down; by the steady clock. It begins with the change that makes `changes` within
/// the window, and ends when fewer than half as many are left in it, so that it does not flap
/// itself.
class FlapHistory {
 public:
  FlapHistory() = default;
  /// Goes on from what was remembered: the changes, oldest first.
  FlapHistory(std::vector<TimePoint> changes, bool flapping)
      : changes_(std::move(changes)), flapping_(flapping) {}

  bool flapping() const noexcept { return flapping_; }
  const std::vector<TimePoint>& changes() const noexcept { return changes_; }
  /// True if this change makes it flapping.
  bool count(const Flapping& rule, TimePoint now);
  /// When the flapping ends if nothing more happens.
  TimePoint ends_at(const Flapping& rule) const noexcept;
  void end() noexcept { flapping_ = false; }

 private:
  std::vector<TimePoint> changes_;  ///< oldest first, never more than the rule asks for
  bool flapping_ = false;
};

}  // namespace reachd::alert
