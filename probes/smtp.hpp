#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// RFC 5321: greeting, EHLO (or HELO), the extensions; STARTTLS by RFC 3207. No mail, no login.
ProbeType smtp_probe_type();

}  // namespace reachd
