#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/metrics/format.hpp"

namespace reachd::blackbox {

/// What became of a request for a probe.
enum class Outcome : std::uint8_t {
  success,
  failure,
  refused,         ///< not allowed to be probed
  unknown_module,  ///< or one that can't be honoured
  bad_request,
  busy,  ///< too many probes were in flight
};
inline constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::busy) + 1;
/// The word in metrics: "unknown_module".
std::string_view to_string(Outcome outcome) noexcept;

/// What the daemon says of /probe among its own series. Thread-safe.
class Counters {
 public:
  void count(Outcome outcome) noexcept { ++requests_[static_cast<std::size_t>(outcome)]; }
  void begun() noexcept { ++in_flight_; }
  void ended() noexcept { --in_flight_; }

  std::uint64_t requests(Outcome outcome) const noexcept {
    return requests_[static_cast<std::size_t>(outcome)];
  }
  std::size_t in_flight() const noexcept { return in_flight_; }
  /// Appends reachd_probe_requests_total and reachd_probe_requests_in_flight.
  void render(std::string& out, metrics::Format format) const;

 private:
  std::array<std::atomic<std::uint64_t>, kOutcomes> requests_{};
  std::atomic<std::size_t> in_flight_ = 0;
};

}  // namespace reachd::blackbox
