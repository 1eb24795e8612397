#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace reachd::platform {

/// What the Windows service manager has been told of us and may be told next (SetServiceStatus):
/// which state may follow which, checkpoints that only grow, `stopped` once and last. Pure; not
/// thread-safe.
class ServiceLedger {
 public:
  enum class State : std::uint8_t { start_pending, running, stop_pending, stopped };

  struct Status {
    State state = State::start_pending;
    std::uint32_t checkpoint = 0;         ///< of a pending state, from 1
    std::chrono::milliseconds wait{};     ///< until the next checkpoint at the latest
    std::optional<std::uint32_t> failed;  ///< our exit code, of a stop that was a failure

    bool operator==(const Status&) const = default;
  };

  /// How often a pending state is confirmed.
  static constexpr std::chrono::milliseconds kEvery{200};
  /// What Windows is to wait for the next confirmation.
  static constexpr std::chrono::milliseconds kWait{10000};
  /// Confirmations of one pending state; whoever hangs longer is not to look alive.
  static constexpr std::uint32_t kMostStarting = 600;
  static constexpr std::uint32_t kMostStopping = 150;

  /// Each returns what is to be reported, nothing if it changes nothing.
  std::optional<Status> running();
  std::optional<Status> stopping();
  /// The next checkpoint of a pending state.
  std::optional<Status> still_pending();
  /// 0: as it was asked to.
  std::optional<Status> stopped(int exit_code);

  const Status& now() const noexcept { return now_; }

 private:
  std::optional<Status> become(Status next);

  Status now_{
      .state = State::start_pending, .checkpoint = 1, .wait = kWait, .failed = std::nullopt};
};

}  // namespace reachd::platform
