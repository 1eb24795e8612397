#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// The way to a syslog server: UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425). None of them ever
/// answers, and nothing is written into its log.
ProbeType syslog_probe_type();

}  // namespace reachd
