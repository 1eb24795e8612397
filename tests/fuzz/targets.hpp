#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace reachd::fuzz {

/// Hands bytes from a hostile peer to one parser. It returns whatever the bytes are; a crash, a
/// sanitizer's finding, an exception or a run without end is a bug.
struct Parser {
  std::string_view name;  ///< also the folder below corpus/ with its seeds
  void (*run)(std::span<const std::byte> bytes);
};

/// All of them, sorted by name.
std::span<const Parser> targets() noexcept;

}  // namespace reachd::fuzz
