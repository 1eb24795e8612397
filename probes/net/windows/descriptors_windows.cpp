#include "probes/net/descriptors.hpp"

namespace reachd::net {

// Windows counts handles, of which a process may have millions; what ends first is its pool of
// memory for sockets. As many as elsewhere keep clear of that.
std::uint32_t descriptor_limit() noexcept { return 65'536; }

}  // namespace reachd::net
