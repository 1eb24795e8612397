#include <vector>

#include "daemon/alert/sink.hpp"

namespace reachd::alert {

std::span<const SinkType> sink_types() noexcept {
  // One line a sink type.
  static const std::vector<SinkType> kTypes = {};
  return kTypes;
}

}  // namespace reachd::alert
