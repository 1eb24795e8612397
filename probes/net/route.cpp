#include "probes/net/route.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <exception>

#include "probes/net/endpoint.hpp"

namespace reachd::net {

bool has_route(const IpAddress& address) noexcept {
  using boost::asio::ip::udp;
  try {
    boost::asio::io_context context(1);
    udp::socket socket(context);
    boost::system::error_code ec;
    const auto to = to_asio<udp>(Endpoint{address, 9});  // the port does not matter
    socket.open(to.protocol(), ec);
    if (ec) {
      return ec != boost::asio::error::address_family_not_supported;
    }
    socket.connect(to, ec);
    return ec != boost::asio::error::network_unreachable &&
           ec != boost::asio::error::host_unreachable &&
           ec != boost::system::errc::address_not_available;
  } catch (const std::exception&) {
    return true;  // out of descriptors or memory: the attempt itself will say so
  }
}

}  // namespace reachd::net
