#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace reachd::test {

/// How many descriptors (Windows: handles) this process has open.
std::size_t open_descriptors();

/// Sets a variable of this process's environment, or takes it away.
void set_environment(const char* name, const std::optional<std::string>& value);

}  // namespace reachd::test
