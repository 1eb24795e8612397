#pragma once

#include <span>
#include <string_view>

#include "probes/core/probe.hpp"

namespace reachd {

/// Every probe type, in the order of the documentation.
std::span<const ProbeType> probe_types() noexcept;
/// Null if there is no such type.
const ProbeType* find_probe_type(std::string_view name) noexcept;

}  // namespace reachd
