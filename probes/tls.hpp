#pragma once

#include "probes/core/probe.hpp"

namespace reachd {

/// Completes a TLS handshake and judges the certificate chain. Keys: `tls` (net::read_tls),
/// `proxy`, `proxy_user`, `proxy_password`, `no_proxy` (net::read_proxy), `source`, `close`.
ProbeType tls_probe_type();

}  // namespace reachd
