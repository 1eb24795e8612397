#pragma once

#include <span>

#include "daemon/journal/reading.hpp"
#include "daemon/json/writer.hpp"

namespace reachd::json {

/// What was reachable in [from, to), as `report --json` and /api/v1/report show it: {from, to,
/// checks, products, devices}. Each row has `up`, `degraded`, `down`, `not_observed` in seconds,
/// and `availability`: up or degraded of what was observed, 0 to 1, rounded down at six places (so
/// that 1 means never down); null where nothing was observed. A check that was asked for in slots
/// has them as `timeline`. Products and devices are sums.
void write_report(Writer& out, WallTime from, WallTime to,
                  std::span<const journal::Availability> checks);

}  // namespace reachd::json
