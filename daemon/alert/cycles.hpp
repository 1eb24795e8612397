#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace reachd::alert {

/// Takes every edge out that lies on a cycle of the graph with `nodes` nodes: what depends on
/// itself, however far around, can't be excused by it. The others keep their order.
void drop_cycles(std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges, std::size_t nodes);

}  // namespace reachd::alert
