#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "probes/net/errors.hpp"
#include "probes/net/linux/socket_owner.hpp"
#include "probes/net/listeners.hpp"

// sock_diag(7): the kernel's table of sockets, one request a family, which any process may read.
namespace reachd::net {
namespace {

constexpr std::size_t kMaxListeners = 64;
// TCP states by number (linux/tcp_states.h); unconnected UDP sockets are in the second.
constexpr std::uint32_t kListening = 10;
constexpr std::uint32_t kUnconnected = 7;

error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

class NetlinkSocket {
 public:
  NetlinkSocket() : descriptor_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)) {}
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;
  ~NetlinkSocket() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

std::uint8_t protocol_of(Transport transport) noexcept {
  switch (transport) {
    case Transport::tcp:
      return IPPROTO_TCP;
    case Transport::icmp:
      return IPPROTO_ICMP;  // of which the kernel keeps no table: a local fault
    case Transport::udp:
    case Transport::local:
      break;
  }
  return IPPROTO_UDP;
}

error_code ask(int socket, sa_family_t family, Transport transport) noexcept {
  Request request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<std::uint8_t>(family);
  const bool tcp = transport == Transport::tcp;
  request.body.sdiag_protocol = protocol_of(transport);
  request.body.idiag_states = 1u << (tcp ? kListening : kUnconnected);
  const auto sent = ::send(socket, &request, sizeof request, 0);
  return sent == static_cast<ssize_t>(sizeof request) ? error_code() : last_error();
}

/// What sock_diag tells beyond the addresses.
struct Extra {
  bool v6_only = false;
  std::uint64_t cgroup = 0;
};

Extra read_attributes(std::span<const std::byte> bytes) noexcept {
  Extra extra;
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr attribute{};
    std::memcpy(&attribute, bytes.data(), sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > bytes.size()) {
      break;
    }
    const auto value = bytes.subspan(sizeof attribute, attribute.nla_len - sizeof attribute);
    if (attribute.nla_type == INET_DIAG_SKV6ONLY && !value.empty()) {
      extra.v6_only = value[0] != std::byte{0};
    } else if (attribute.nla_type == INET_DIAG_CGROUP_ID && value.size() == sizeof extra.cgroup) {
      std::memcpy(&extra.cgroup, value.data(), sizeof extra.cgroup);
    }
    const std::size_t step = NLA_ALIGN(attribute.nla_len);
    bytes = bytes.subspan(std::min(step, bytes.size()));
  }
  return extra;
}

IpAddress address_of(const inet_diag_msg& socket) noexcept {
  IpAddress address;
  std::array<std::uint8_t, 16> raw{};
  std::memcpy(raw.data(), &socket.id.idiag_src, raw.size());
  // An IPv6 socket may be bound to an IPv4 address: ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (socket.idiag_family == AF_INET6 && !std::ranges::equal(kMapped, std::span(raw).first(12))) {
    address.family = IpAddress::Family::v6;
    address.bytes = raw;
    address.scope = socket.id.idiag_if;
  } else {
    const std::size_t start = socket.idiag_family == AF_INET6 ? kMapped.size() : 0;
    std::copy_n(raw.begin() + static_cast<std::ptrdiff_t>(start), 4, address.bytes.begin());
  }
  return address;
}

Listener describe_socket(const inet_diag_msg& socket, const Extra& extra, Owners owners) {
  Listener listener;
  listener.endpoint = {address_of(socket), ntohs(socket.id.idiag_sport)};
  const IpAddress& address = listener.endpoint.address;
  const bool everywhere = address.bytes == IpAddress().bytes;
  listener.takes_both = !address.is_v4() && everywhere && !extra.v6_only;
  listener.user = user_name(socket.idiag_uid);
  const std::string cgroup = cgroup_folder(extra.cgroup);
  listener.unit = unit_of(cgroup);
  if (owners == Owners::process) {
    listener.processes = processes_of(socket.idiag_inode, cgroup);
  }
  return listener;
}

/// Takes the sockets on `port` out of one datagram; an error, or whether it was the last.
struct Progressed {
  error_code ec;
  bool done = false;
};

Progressed read_answers(std::span<const std::byte> bytes, std::uint16_t port, Owners owners,
                        std::vector<Listener>& found) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) {
      break;
    }
    const auto body = bytes.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
    if (header.nlmsg_type == NLMSG_DONE) {
      // A dump that failed says so at its end, as where the kernel lacks udp_diag: an empty table
      // would be taken for a port that nobody listens on.
      int result = 0;
      if (body.size() >= sizeof result) {
        std::memcpy(&result, body.data(), sizeof result);
      }
      return {{result < 0 ? -result : 0, boost::system::system_category()}, true};
    }
    if (header.nlmsg_type == NLMSG_ERROR) {
      nlmsgerr error{};
      std::memcpy(&error, body.data(), std::min(body.size(), sizeof error));
      return {{-error.error, boost::system::system_category()}, true};
    }
    inet_diag_msg socket{};
    if (body.size() >= sizeof socket) {
      std::memcpy(&socket, body.data(), sizeof socket);
      if (ntohs(socket.id.idiag_sport) == port && found.size() < kMaxListeners) {
        found.push_back(
            describe_socket(socket, read_attributes(body.subspan(sizeof socket)), owners));
      }
    }
    const std::size_t step = NLMSG_ALIGN(header.nlmsg_len);
    bytes = bytes.subspan(std::min(step, bytes.size()));
  }
  return {};
}

error_code collect(sa_family_t family, Transport transport, std::uint16_t port, Owners owners,
                   std::vector<Listener>& found) {
  const NetlinkSocket socket;
  if (socket.get() < 0) {
    return last_error();
  }
  if (const error_code ec = ask(socket.get(), family, transport)) {
    return ec;
  }
  std::vector<std::byte> buffer(32768);
  for (;;) {
    const auto size = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return size < 0 ? last_error() : error_code();
    }
    const Progressed progressed =
        read_answers(std::span(buffer).first(static_cast<std::size_t>(size)), port, owners, found);
    if (progressed.done) {
      return progressed.ec;
    }
  }
}

}  // namespace

Result<std::vector<Listener>> find_listeners(Transport transport, std::uint16_t port,
                                             Owners owners) {
  std::vector<Listener> found;
  for (const sa_family_t family : {sa_family_t{AF_INET}, sa_family_t{AF_INET6}}) {
    if (const error_code ec = collect(family, transport, port, owners, found)) {
      return std::unexpected(local_failure(ec));
    }
  }
  return found;
}

}  // namespace reachd::net
