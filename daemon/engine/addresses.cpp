#include "daemon/engine/addresses.hpp"

#include <algorithm>
#include <utility>

namespace reachd::engine {
namespace {

/// Leaves out a family without a route if the other one has one.
void leave_out_unroutable(std::vector<IpAddress>& found,
                          const std::function<bool(const IpAddress&)>& has_route) {
  const auto v4 = std::ranges::find(found, IpAddress::Family::v4, &IpAddress::family);
  const auto v6 = std::ranges::find(found, IpAddress::Family::v6, &IpAddress::family);
  if (v4 == found.end() || v6 == found.end()) {
    return;
  }
  const bool route4 = has_route(*v4);
  const bool route6 = has_route(*v6);
  if (route4 != route6) {
    const auto kept = route4 ? IpAddress::Family::v4 : IpAddress::Family::v6;
    std::erase_if(found, [kept](const IpAddress& address) { return address.family != kept; });
  }
}

}  // namespace

std::vector<IpAddress> choose_addresses(std::vector<IpAddress> found, config::AddressPolicy policy,
                                        const std::function<bool(const IpAddress&)>& has_route) {
  leave_out_unroutable(found, has_route);
  switch (policy) {
    case config::AddressPolicy::first:
      found.resize(std::min<std::size_t>(found.size(), 1));
      break;
    case config::AddressPolicy::each_family: {
      bool seen4 = false;
      bool seen6 = false;
      std::erase_if(found, [&](const IpAddress& address) {
        bool& seen = address.is_v4() ? seen4 : seen6;
        return std::exchange(seen, true);
      });
      break;
    }
    case config::AddressPolicy::all:
      found.resize(std::min(found.size(), kMaxAddresses));
      break;
  }
  return found;
}

}  // namespace reachd::engine
