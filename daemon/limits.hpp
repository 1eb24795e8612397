#pragma once

#include "daemon/web/server.hpp"

namespace reachd {

/// What the web may take: half of the descriptors that probing leaves to the rest of the daemon are
/// for its connections. The probes of /probe may be as many, as each belongs to one.
web::ServerLimits web_limits() noexcept;

}  // namespace reachd
