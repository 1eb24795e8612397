#include "probes/net/error_queue.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <iphlpapi.h>

#include <algorithm>
#include <boost/asio/ip/udp.hpp>
#include <cstring>
#include <vector>

#include "probes/net/socket_handle.hpp"
#include "probes/net/winsock_codes.hpp"

// Windows keeps no ICMP errors for a socket: a port unreachable comes as WSAECONNRESET, what others
// say of TCP as the bare error, and who said it is not told.
namespace reachd::net {
namespace {

using asio::ip::udp;

/// The address in what Windows calls a SOCKET_ADDRESS.
std::optional<IpAddress> address_of(const SOCKET_ADDRESS& given) {
  udp::endpoint endpoint;
  const auto size = static_cast<std::size_t>(std::max(given.iSockaddrLength, 0));
  if (given.lpSockaddr == nullptr || size > endpoint.capacity()) {
    return std::nullopt;
  }
  std::memcpy(endpoint.data(), given.lpSockaddr, size);
  const int family = endpoint.protocol().family();
  if (given.lpSockaddr->sa_family != family) {
    return std::nullopt;
  }
  return from_asio(endpoint.address());
}

bool same_bytes(const IpAddress& a, const IpAddress& b) noexcept {
  return a.family == b.family && a.bytes == b.bytes;
}

}  // namespace

void keep_icmp_errors(NativeSocket, IpAddress::Family) noexcept {}

std::optional<IcmpError> take_icmp_error(NativeSocket, std::span<std::byte>) noexcept {
  return std::nullopt;
}

bool is_own_address(const IpAddress& address) noexcept {
  if (address.is_loopback()) {
    return true;
  }
  constexpr ULONG kFlags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST |
                           GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_SKIP_FRIENDLY_NAME;
  // Its size may grow between two calls; Microsoft's advice is to begin with 15 KB.
  ULONG size = 16 * 1024;
  std::vector<IP_ADAPTER_ADDRESSES> adapters;
  ULONG result = ERROR_BUFFER_OVERFLOW;
  for (int attempt = 0; attempt < 3 && result == ERROR_BUFFER_OVERFLOW; ++attempt) {
    adapters.resize(size / sizeof(IP_ADAPTER_ADDRESSES) + 1);
    result = ::GetAdaptersAddresses(AF_UNSPEC, kFlags, nullptr, adapters.data(), &size);
  }
  if (result != NO_ERROR) {
    return false;
  }
  for (const auto* adapter = adapters.data(); adapter != nullptr; adapter = adapter->Next) {
    for (const auto* own = adapter->FirstUnicastAddress; own != nullptr; own = own->Next) {
      const auto found = address_of(own->Address);
      if (found && same_bytes(*found, address)) {
        return true;
      }
    }
  }
  return false;
}

std::optional<IpAddress> source_address(const IpAddress& to) noexcept {
  const int family = to.is_v4() ? AF_INET : AF_INET6;
  const SocketHandle socket(::socket(family, SOCK_DGRAM, IPPROTO_UDP));
  if (!socket.is_open()) {
    return std::nullopt;
  }
  // Connecting a datagram socket only looks the route up; any port will do.
  const auto remote = to_asio<udp>(Endpoint{to, 9});
  udp::endpoint local;
  int size = static_cast<int>(local.capacity());
  if (::connect(socket.get(), remote.data(), static_cast<int>(remote.size())) != 0 ||
      ::getsockname(socket.get(), local.data(), &size) != 0) {
    return std::nullopt;
  }
  return from_asio(local.address());
}

bool is_firewall_refusal(error_code ec) noexcept {
  return ec.category() == boost::system::system_category() && is_filter_refusal(ec.value());
}

}  // namespace reachd::net
