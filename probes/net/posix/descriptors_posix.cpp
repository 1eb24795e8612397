#include <sys/resource.h>

#include <algorithm>

#include "probes/net/descriptors.hpp"

namespace reachd::net {

std::uint32_t descriptor_limit() noexcept {
  constexpr rlim_t kEnough = 65'536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 256;
  }
  const rlim_t wanted = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      limit = raised;
    }
  }
  return static_cast<std::uint32_t>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace reachd::net
