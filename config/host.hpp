#pragma once

#include <string>

namespace reachd::config {

/// The name of this machine; "localhost" if it has none.
std::string host_name();

/// Gives freed memory back to the system, where the allocator would keep it. Milliseconds.
void release_free_memory() noexcept;

}  // namespace reachd::config
