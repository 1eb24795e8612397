#pragma once

#include <string>

namespace reachd::net {

/// This host's name for protocols in which a client introduces itself: letters, digits, dots and
/// dashes (RFC 1123, 2.1). "reachd.invalid" (RFC 2606) where the host has none of that kind.
std::string introduction();

}  // namespace reachd::net
