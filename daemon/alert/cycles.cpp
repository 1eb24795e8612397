#include "daemon/alert/cycles.hpp"

#include <algorithm>

#include "daemon/engine/layout.hpp"

namespace reachd::alert {
namespace {

/// Tarjan's strongly connected components, without recursion: chains may be long.
class Components {
 public:
  Components(const engine::Lists& next, std::size_t nodes)
      : next_(next), order_(nodes, kNone), low_(nodes, 0), component_(nodes, kNone) {
    for (std::uint32_t node = 0; node < nodes; ++node) {
      if (order_[node] == kNone) {
        walk(node);
      }
    }
  }

  bool together(std::uint32_t a, std::uint32_t b) const { return component_[a] == component_[b]; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Step {
    std::uint32_t node;
    std::size_t edge = 0;
  };

  void enter(std::uint32_t node) {
    order_[node] = low_[node] = counter_++;
    open_.push_back(node);
    way_.push_back({node});
  }

  void walk(std::uint32_t root) {
    enter(root);
    while (!way_.empty()) {
      Step& step = way_.back();
      const std::uint32_t node = step.node;
      const auto edges = next_.of(node);
      if (step.edge < edges.size()) {
        const std::uint32_t to = edges[step.edge++];
        if (order_[to] == kNone) {
          enter(to);
        } else if (component_[to] == kNone) {
          low_[node] = std::min(low_[node], order_[to]);
        }
        continue;
      }
      way_.pop_back();
      if (!way_.empty()) {
        low_[way_.back().node] = std::min(low_[way_.back().node], low_[node]);
      }
      if (low_[node] == order_[node]) {
        close(node);
      }
    }
  }

  void close(std::uint32_t node) {
    std::uint32_t member = kNone;
    do {
      member = open_.back();
      open_.pop_back();
      component_[member] = node;
    } while (member != node);
  }

  const engine::Lists& next_;
  std::vector<std::uint32_t> order_;  ///< by when it was found
  std::vector<std::uint32_t> low_;    ///< the earliest that can be reached from it
  std::vector<std::uint32_t> component_;
  std::vector<std::uint32_t> open_;
  std::vector<Step> way_;
  std::uint32_t counter_ = 0;
};

}  // namespace

void drop_cycles(std::vector<std::pair<std::uint32_t, std::uint32_t>>& edges, std::size_t nodes) {
  const engine::Lists next(nodes, edges);
  const Components components(next, nodes);
  std::erase_if(edges,
                [&](const auto& edge) { return components.together(edge.first, edge.second); });
}

}  // namespace reachd::alert
