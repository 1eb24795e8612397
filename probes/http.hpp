#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// Sends one HTTP/1.1 request (RFC 9110, RFC 9112), follows redirects and judges status, headers
/// and body. By default every status below 500 is up, since it proves the server, 5xx is ok but
/// degraded, and a demand for a client certificate is up. The keys are described in
/// config/README.md, "Probe types".
ProbeType http_probe_type();

}  // namespace reachd
