#include "probes/net/icmp_packet.hpp"

#include <algorithm>

namespace reachd::net {
namespace {

constexpr std::size_t kHeader = 8;

struct Types {
  std::byte request;
  std::byte reply;
};

constexpr Types types_of(IpAddress::Family family) noexcept {
  if (family == IpAddress::Family::v4) {
    return {std::byte{8}, std::byte{0}};
  }
  return {std::byte{128}, std::byte{129}};
}

void put(std::vector<std::byte>& packet, std::size_t at, std::uint16_t value) {
  packet[at] = static_cast<std::byte>(value >> 8);
  packet[at + 1] = static_cast<std::byte>(value & 0xff);
}

std::uint16_t get(std::span<const std::byte> packet, std::size_t at) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(packet[at]) << 8 |
                                    std::to_integer<unsigned>(packet[at + 1]));
}

/// RFC 1071
std::uint16_t internet_checksum(std::span<const std::byte> packet) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < packet.size(); i += 2) {
    sum += i + 1 < packet.size() ? get(packet, i) : std::to_integer<std::uint32_t>(packet[i]) << 8;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<std::byte> make_echo_request(IpAddress::Family family, std::uint16_t id,
                                         std::uint16_t sequence,
                                         std::span<const std::byte> payload) {
  std::vector<std::byte> packet(kHeader + payload.size());
  packet[0] = types_of(family).request;
  put(packet, 4, id);
  put(packet, 6, sequence);
  std::ranges::copy(payload, packet.begin() + kHeader);
  if (family == IpAddress::Family::v4) {
    put(packet, 2, internet_checksum(packet));
  }
  return packet;
}

std::optional<EchoPacket> parse_echo(IpAddress::Family family, std::span<const std::byte> packet) {
  const Types types = types_of(family);
  if (packet.size() < kHeader || packet[1] != std::byte{0} ||
      (packet[0] != types.request && packet[0] != types.reply)) {
    return std::nullopt;
  }
  return EchoPacket{packet[0] == types.reply, get(packet, 4), get(packet, 6),
                    packet.subspan(kHeader)};
}

std::span<const std::byte> without_ipv4_header(std::span<const std::byte> packet) {
  if (packet.empty()) {
    return {};
  }
  const std::size_t header = std::to_integer<std::size_t>(packet[0] & std::byte{0x0f}) * 4;
  if (header < 20 || packet.size() < header) {
    return {};
  }
  return packet.subspan(header);
}

}  // namespace reachd::net
