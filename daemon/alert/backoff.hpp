#pragma once

#include <cstdint>
#include <random>

#include "probes/core/clock.hpp"

namespace reachd::alert {

/// How long to wait after failures in a row: up to `first`, then up to twice as long each time, at
/// most up to `most`; by chance between a tenth of that and the whole, so that those who failed
/// together don't come back together.
class Backoff {
 public:
  Backoff(Duration first, Duration most, std::uint64_t seed) noexcept
      : first_(first), most_(most), random_(seed) {}

  /// After another failure.
  Duration next() noexcept { return after(failures_++); }
  /// The same for something with a count of its own: after one more than `failures`.
  Duration after(std::uint32_t failures) noexcept;
  void reset() noexcept { failures_ = 0; }
  bool failing() const noexcept { return failures_ > 0; }

 private:
  const Duration first_;
  const Duration most_;
  std::uint32_t failures_ = 0;
  std::mt19937_64 random_;
};

}  // namespace reachd::alert
