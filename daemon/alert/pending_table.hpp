#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probes/core/clock.hpp"

namespace reachd::alert {

class DeliveryObserver;

/// Tells the observer what waits for each sink. A sink may have several queues, each with a line of
/// its own; the longest one and the oldest of all count. One thread.
class PendingTable {
 public:
  /// The lent objects outlive the table.
  PendingTable(DeliveryObserver& observer, const Clock& clock)
      : observer_(observer), clock_(clock) {}

  /// What waits in the queue `owner` of this sink now; `oldest` counts where anything does.
  void set(const void* owner, std::string_view sink, std::uint64_t pending, WallTime oldest);
  void remove(const void* owner);
  /// Time goes on for what waits.
  void tell_again() const;

 private:
  struct Line {
    const void* owner;
    std::string sink;
    std::uint64_t pending;
    WallTime oldest;
  };
  void tell(std::string_view sink) const;

  DeliveryObserver& observer_;
  const Clock& clock_;
  std::vector<Line> lines_;
};

}  // namespace reachd::alert
