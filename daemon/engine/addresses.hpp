#pragma once

#include <functional>
#include <vector>

#include "config/settings.hpp"
#include "probes/core/address.hpp"

namespace reachd::engine {

/// The most addresses of one name that are probed (contract, 4).
inline constexpr std::size_t kMaxAddresses = 16;

/// Which of a name's addresses are probed, in the resolver's order. Where both families are found,
/// one that this host has no route to is left out; `has_route` is asked for one address of each
/// family then, and not at all for a name with one family: there the failure has to be seen.
std::vector<IpAddress> choose_addresses(std::vector<IpAddress> found, config::AddressPolicy policy,
                                        const std::function<bool(const IpAddress&)>& has_route);

}  // namespace reachd::engine
