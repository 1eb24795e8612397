#pragma once

#include "daemon/web/server.hpp"

namespace reachd {

/// What the web may take: half of the descriptors that probing leaves to the rest of the daemon are
/// for its connections. Three quarters of these may wait for a /probe, so that there is room for
/// scrapes.
web::ServerLimits web_limits() noexcept;

}  // namespace reachd
