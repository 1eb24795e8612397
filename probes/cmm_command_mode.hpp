#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// The TCP command mode of a chassis management module (6090, with TLS 6091). What is said in it is
/// not public, so the connection, the handshake and what the module says by itself are all there
/// is.
ProbeType cmm_command_mode_probe_type();

}  // namespace reachd
