#include "daemon/limits.hpp"

#include <algorithm>
#include <cstdint>

#include "daemon/engine/loops.hpp"
#include "probes/net/descriptors.hpp"

namespace reachd {

web::ServerLimits web_limits() noexcept {
  const std::uint32_t descriptors = net::descriptor_limit();
  web::ServerLimits limits;
  limits.connections =
      std::max<std::size_t>(16, (descriptors - engine::concurrency_for(descriptors)) / 2);
  return limits;
}

}  // namespace reachd
