#pragma once

#include <cstddef>

namespace reachd::engine {

/// Asks for an object to come into the cache, and waits for nothing. Pays where many are asked for
/// before the first is used.
template <typename T>
void prefetch(const T& object) noexcept {
  constexpr std::size_t kLine = 64;
  const char* const bytes = reinterpret_cast<const char*>(&object);
  for (std::size_t at = 0; at < sizeof(T); at += kLine) {
    __builtin_prefetch(bytes + at);
  }
  __builtin_prefetch(bytes + sizeof(T) - 1);  // it need not begin with a line
}

}  // namespace reachd::engine
