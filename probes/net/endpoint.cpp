#include "probes/net/endpoint.hpp"

#include <algorithm>

namespace reachd::net {
namespace ip = boost::asio::ip;

ip::address to_asio(const IpAddress& address) {
  if (address.is_v4()) {
    return ip::address_v4(address.v4_number());
  }
  return ip::address_v6(address.bytes, address.scope);
}

IpAddress from_asio(const ip::address& address) {
  if (address.is_v4()) {
    return IpAddress::v4(address.to_v4().to_uint());
  }
  IpAddress result;
  result.family = IpAddress::Family::v6;
  result.bytes = address.to_v6().to_bytes();
  result.scope = static_cast<std::uint32_t>(address.to_v6().scope_id());
  return result;
}

}  // namespace reachd::net
