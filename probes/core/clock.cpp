#include "probes/core/clock.hpp"

namespace reachd {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint steady_now() const noexcept override { return std::chrono::steady_clock::now(); }
  WallTime wall_now() const noexcept override { return std::chrono::system_clock::now(); }
};

}  // namespace

const Clock& system_clock() noexcept {
  static const SystemClock kClock;
  return kClock;
}

}  // namespace reachd
