#include "probes/net/error_queue.hpp"

#include <ifaddrs.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "probes/net/socket_handle.hpp"

namespace reachd::net {
namespace {

/// The address in a sockaddr of `size` readable bytes, copied out of it because control messages
/// give no alignment that a cast could rely on.
std::optional<IpAddress> address_of(const void* data, std::size_t size) {
  sa_family_t family = AF_UNSPEC;
  if (data == nullptr || size < sizeof family) {
    return std::nullopt;
  }
  std::memcpy(&family, data, sizeof family);
  if (family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, data, sizeof v4);
    return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, data, sizeof v6);
    IpAddress address;
    address.family = IpAddress::Family::v6;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, address.bytes.size());
    address.scope = v6.sin6_scope_id;
    return address;
  }
  return std::nullopt;
}

/// True for what says that a packet was not delivered. Redirects, for one, are advice: Linux hands
/// them to ping sockets as errors although the packet went on.
bool is_failure(IpAddress::Family family, int type) noexcept {
  if (family == IpAddress::Family::v6) {
    return type < 128;  // RFC 4443, 2.1
  }
  constexpr int kUnreachable = 3;
  constexpr int kTimeExceeded = 11;
  constexpr int kParameterProblem = 12;
  return type == kUnreachable || type == kTimeExceeded || type == kParameterProblem;
}

/// What one extended error says, if it comes from an ICMP message (ip(7), IP_RECVERR).
std::optional<IcmpError> icmp_error_of(const cmsghdr& header) {
  const unsigned char* data = CMSG_DATA(&header);
  const std::size_t size = header.cmsg_len - CMSG_LEN(0);
  sock_extended_err error{};
  if (size < sizeof error) {
    return std::nullopt;
  }
  std::memcpy(&error, data, sizeof error);
  if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) {
    return std::nullopt;
  }
  IcmpError icmp;
  icmp.family =
      error.ee_origin == SO_EE_ORIGIN_ICMP ? IpAddress::Family::v4 : IpAddress::Family::v6;
  icmp.type = error.ee_type;
  icmp.code = error.ee_code;
  if (!is_failure(icmp.family, icmp.type)) {
    return std::nullopt;
  }
  // SO_EE_OFFENDER: the sender's address follows the error.
  icmp.offender = address_of(data + sizeof error, size - sizeof error);
  icmp.own = icmp.offender && is_own_address(*icmp.offender);
  return icmp;
}

bool is_extended_error(const cmsghdr& header) noexcept {
  return (header.cmsg_level == IPPROTO_IP && header.cmsg_type == IP_RECVERR) ||
         (header.cmsg_level == IPPROTO_IPV6 && header.cmsg_type == IPV6_RECVERR);
}

bool same_bytes(const IpAddress& a, const IpAddress& b) noexcept {
  return a.family == b.family && a.bytes == b.bytes;
}

}  // namespace

void keep_icmp_errors(NativeSocket socket, IpAddress::Family family) noexcept {
  const int on = 1;
  if (family == IpAddress::Family::v4) {
    ::setsockopt(socket, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  } else {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
  }
}

std::optional<IcmpError> take_icmp_error(NativeSocket socket,
                                         std::span<std::byte> original) noexcept {
  // The queue is short (socket buffers bound it); entries of other origins are passed over.
  for (;;) {
    std::ranges::fill(original, std::byte{0});
    alignas(cmsghdr) std::array<std::byte, 512> control{};
    iovec part{original.data(), original.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (count < 0) {
      return std::nullopt;
    }
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
      if (is_extended_error(*header)) {
        if (auto icmp = icmp_error_of(*header)) {
          return icmp;
        }
      }
    }
  }
}

bool is_own_address(const IpAddress& address) noexcept {
  if (address.is_loopback()) {
    return true;
  }
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) {
    return false;
  }
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) {
      continue;
    }
    const bool v4 = entry->ifa_addr->sa_family == AF_INET;
    const bool v6 = entry->ifa_addr->sa_family == AF_INET6;
    if (!v4 && !v6) {
      continue;
    }
    const auto own = address_of(entry->ifa_addr, v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (own && same_bytes(*own, address)) {
      return true;
    }
  }
  return false;
}

std::optional<IpAddress> source_address(const IpAddress& to) noexcept {
  const int family = to.is_v4() ? AF_INET : AF_INET6;
  const SocketHandle socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) {
    return std::nullopt;
  }
  // Connecting a datagram socket only looks the route up; any port will do.
  const auto endpoint = to_asio<boost::asio::ip::tcp>(Endpoint{to, 9});
  std::optional<IpAddress> source;
  if (::connect(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) {
    boost::asio::ip::tcp::endpoint local;
    auto size = static_cast<socklen_t>(local.capacity());
    if (::getsockname(socket.get(), local.data(), &size) == 0) {
      source = address_of(local.data(), size);
    }
  }
  return source;
}

bool is_firewall_refusal(error_code ec) noexcept {
  // netfilter's verdict on what this host sends; EACCES is the system's own permissions.
  return ec.category() == boost::system::system_category() && ec.value() == EPERM;
}

}  // namespace reachd::net
