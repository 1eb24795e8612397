#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// RFC 959: the greeting, what FEAT tells (RFC 2389), AUTH TLS (RFC 4217), QUIT. No login, no data
/// connection.
ProbeType ftp_probe_type();

}  // namespace reachd
