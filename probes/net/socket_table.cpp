#include "probes/net/socket_table.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace reachd::net {
namespace {

constexpr std::size_t kNone = SIZE_MAX;

/// Where the fields of a row are; all others belong to connections.
struct Layout {
  std::size_t size;
  std::size_t address;
  std::size_t scope;
  std::size_t port;
  std::size_t process;
};

constexpr Layout kTcp4{24, 4, kNone, 8, 20};
constexpr Layout kTcp6{56, 0, 16, 20, 52};
constexpr Layout kUdp4{12, 0, kNone, 4, 8};
constexpr Layout kUdp6{28, 0, 16, 20, 24};

const Layout& layout_of(Transport transport, IpAddress::Family family) noexcept {
  const bool v4 = family == IpAddress::Family::v4;
  if (transport == Transport::tcp) {
    return v4 ? kTcp4 : kTcp6;
  }
  return v4 ? kUdp4 : kUdp6;
}

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

/// An IPv6 socket may be bound to an IPv4 address: ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
void unmap(IpAddress& address) noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto bytes = address.bytes;
  if (!address.is_v4() && std::ranges::equal(kMapped, std::span(bytes).first(kMapped.size()))) {
    address = {};
    std::ranges::copy(std::span(bytes).last(4), address.bytes.begin());
  }
}

/// The first two of four bytes, in the network's order; the others are unused.
std::uint16_t port_at(std::span<const std::byte> bytes, std::size_t offset) noexcept {
  const auto high = std::to_integer<unsigned>(bytes[offset]);
  const auto low = std::to_integer<unsigned>(bytes[offset + 1]);
  return static_cast<std::uint16_t>(high << 8U | low);
}

}  // namespace

std::vector<SocketRow> read_socket_table(std::span<const std::byte> table, Transport transport,
                                         IpAddress::Family family, std::uint16_t port,
                                         std::size_t most) {
  std::vector<SocketRow> found;
  const Layout& layout = layout_of(transport, family);
  if (table.size() < sizeof(std::uint32_t)) {
    return found;
  }
  auto rest = table.subspan(sizeof(std::uint32_t));
  const std::size_t rows = std::min<std::size_t>(number_at(table, 0), rest.size() / layout.size);
  for (std::size_t index = 0; index < rows && found.size() < most; ++index) {
    const auto row = rest.first(layout.size);
    rest = rest.subspan(layout.size);
    if (port_at(row, layout.port) != port) {
      continue;
    }
    SocketRow socket;
    IpAddress& address = socket.endpoint.address;
    address.family = family;
    const std::size_t length = family == IpAddress::Family::v4 ? 4 : address.bytes.size();
    std::memcpy(address.bytes.data(), row.data() + layout.address, length);
    if (layout.scope != kNone) {
      address.scope = number_at(row, layout.scope);
    }
    unmap(address);
    socket.endpoint.port = port;
    socket.process = number_at(row, layout.process);
    found.push_back(socket);
  }
  return found;
}

}  // namespace reachd::net
