#include "probes/net/host_name.hpp"

#include <algorithm>
#include <boost/asio/ip/host_name.hpp>

namespace reachd::net {
namespace {

bool fits(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-';
}

}  // namespace

std::string introduction() {
  boost::system::error_code ec;
  std::string name = boost::asio::ip::host_name(ec);
  const bool good = !ec && !name.empty() && std::ranges::all_of(name, fits) &&
                    !name.starts_with('-') && !name.starts_with('.');
  return good ? name : "reachd.invalid";
}

}  // namespace reachd::net
