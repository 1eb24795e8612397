#pragma once

#include <chrono>

namespace reachd {

using Duration = std::chrono::nanoseconds;
/// Monotonic time: schedules, deadlines, durations.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Wall-clock time (UTC): what is shown and compared with certificates.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Both clocks behind one seam, so that tests move time by hand. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint steady_now() const noexcept = 0;
  virtual WallTime wall_now() const noexcept = 0;
};

/// The machine's clocks; lives as long as the process.
const Clock& system_clock() noexcept;

}  // namespace reachd
