#pragma once

#include <cstdint>

namespace reachd::net {

/// How many sockets and files this process may have open. Raises the limit as far as the system
/// lets it, up to 65,536. Any thread.
std::uint32_t descriptor_limit() noexcept;

}  // namespace reachd::net
