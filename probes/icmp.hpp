#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// Sends ICMP echo requests. Keys: `count`, `gap` (between two), `payload` (bytes) and `max_loss`
/// (percent).
ProbeType icmp_probe_type();

}  // namespace reachd
