#include "daemon/platform/service_ledger.hpp"

namespace reachd::platform {

std::optional<ServiceLedger::Status> ServiceLedger::become(Status next) {
  now_ = next;
  return now_;
}

std::optional<ServiceLedger::Status> ServiceLedger::running() {
  if (now_.state != State::start_pending) {
    return std::nullopt;
  }
  return become({.state = State::running, .checkpoint = 0, .wait = {}, .failed = std::nullopt});
}

std::optional<ServiceLedger::Status> ServiceLedger::stopping() {
  if (now_.state == State::stop_pending || now_.state == State::stopped) {
    return std::nullopt;
  }
  return become(
      {.state = State::stop_pending, .checkpoint = 1, .wait = kWait, .failed = std::nullopt});
}

std::optional<ServiceLedger::Status> ServiceLedger::still_pending() {
  const bool starting = now_.state == State::start_pending;
  if ((!starting && now_.state != State::stop_pending) ||
      now_.checkpoint >= (starting ? kMostStarting : kMostStopping)) {
    return std::nullopt;
  }
  Status next = now_;
  ++next.checkpoint;
  return become(next);
}

std::optional<ServiceLedger::Status> ServiceLedger::stopped(int exit_code) {
  if (now_.state == State::stopped) {
    return std::nullopt;
  }
  Status last{.state = State::stopped, .checkpoint = 0, .wait = {}, .failed = std::nullopt};
  if (exit_code != 0) {
    last.failed = static_cast<std::uint32_t>(exit_code);
  }
  return become(last);
}

}  // namespace reachd::platform
