#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "probes/core/outcome.hpp"

namespace reachd::net {

/// protocol_mismatch: "what answers there does not speak SSH (why): it starts with ...", with the
/// first bytes seen, printable. `why` may be empty.
Failure not_spoken(std::string_view protocol, std::string_view why,
                   std::span<const std::byte> seen);

}  // namespace reachd::net
