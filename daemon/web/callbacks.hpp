#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/engine/board.hpp"
#include "daemon/metrics/exposition.hpp"

namespace reachd::web {

/// What the web asks of the app. All are called on the web's thread and must return at once.
struct Callbacks {
  /// The running plan with what is known of it; null before the first plan.
  std::function<std::shared_ptr<const engine::Board>()> board;
  /// The scheduler moves.
  std::function<bool()> healthy;
  /// The first plan is scheduled and the process is not stopping.
  std::function<bool()> ready;
  /// The daemon's own series, without an end mark.
  std::function<std::string(metrics::Format, const metrics::StateCounts&)> own_series;
  /// Asks for a reload. `done` takes an error for people, or nothing if the new configuration
  /// runs; it may be called on any thread, at any time, also never.
  std::function<void(std::function<void(std::optional<std::string>)> done)> reload;
};

}  // namespace reachd::web
