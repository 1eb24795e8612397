#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace reachd::test {

/// How many descriptors this process has open (Linux).
inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

}  // namespace reachd::test
