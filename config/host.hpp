#pragma once

#include <string>

namespace reachd::config {

/// The name of this machine; "localhost" if it has none.
std::string host_name();

/// Gives freed memory back to the system, where the allocator would keep it. Milliseconds.
void release_free_memory() noexcept;

/// Whether this system can connect to Unix sockets by their path, as far as reachd goes.
bool has_unix_sockets() noexcept;
/// Whether echo requests can be sent with "don't fragment".
bool can_forbid_fragments() noexcept;

}  // namespace reachd::config
