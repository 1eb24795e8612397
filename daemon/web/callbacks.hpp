#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/engine/board.hpp"
#include "daemon/journal/reading.hpp"
#include "daemon/metrics/exposition.hpp"
#include "daemon/web/prober.hpp"

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
  /// The journal, for people; called on a thread of its own, because it blocks for the disk.
  std::function<const journal::Reading&()> journal;
  /// The newest event that may be shown; see Server::events_released().
  std::function<std::int64_t()> newest_event;
  /// The events after this sequence, at most so many; called on the same thread, because those
  /// that are not new are on the disk.
  std::function<std::vector<journal::EventRow>(std::int64_t after, std::size_t most)> next_events;
  /// Makes what answers /probe; none: there is no such path.
  MakeProber make_prober;
  /// Names that people ask for this server by, beside those of the host and of its listeners: that
  /// of a reverse proxy.
  std::vector<std::string> names;
};

}  // namespace reachd::web
