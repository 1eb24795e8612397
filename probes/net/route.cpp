#include "probes/net/route.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/system/system_error.hpp>
#include <exception>

#include "probes/net/endpoint.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {

std::optional<Failure> sending_fault(const IpAddress& address) {
  using boost::asio::ip::udp;
  error_code ec;
  try {
    boost::asio::io_context context(1);
    udp::socket socket(context);
    const auto to = to_asio<udp>(Endpoint{address, 9});  // the port does not matter
    socket.open(to.protocol(), ec);
    if (!ec) {
      socket.connect(to, ec);
    }
  } catch (const boost::system::system_error& error) {
    ec = error.code();  // out of descriptors
  }
  if (!ec) {
    return std::nullopt;
  }
  if (ec == boost::system::errc::address_not_available) {
    ec = boost::asio::error::network_unreachable;  // no interface has an address of this family
  }
  return local_failure(ec);
}

bool has_route(const IpAddress& address) noexcept {
  try {
    const auto fault = sending_fault(address);
    return !fault || fault->reason != Reason::local_route;
  } catch (const std::exception&) {
    return true;  // out of memory: the attempt itself will say so
  }
}

}  // namespace reachd::net
