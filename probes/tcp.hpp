#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// Opens a TCP connection and closes it again without a byte. Keys: `source` (an address of this
/// host), `close` (graceful or reset), and those of a proxy.
ProbeType tcp_probe_type();

}  // namespace reachd
