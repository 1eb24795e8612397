#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reachd::web {

/// True if a request that came in over loopback may be for us by its Host header (RFC 9110, 7.2):
/// an IP literal, "localhost" or below it, or one of `names`, each with or without a port; also
/// none (HTTP/1.0). Any other name means that a page of a stranger had its own name resolved to
/// loopback, so that the browser takes us for that page's server (DNS rebinding).
bool is_own_host(std::string_view host, const std::vector<std::string>& names);

}  // namespace reachd::web
