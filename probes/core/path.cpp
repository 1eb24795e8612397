#include "probes/core/path.hpp"

#include <array>

namespace reachd {

std::string_view to_string(Path::End end) noexcept {
  constexpr std::array<std::string_view, 4> kWords{"reached", "rejected", "silent", "unfinished"};
  return kWords[static_cast<std::size_t>(end)];
}

}  // namespace reachd
