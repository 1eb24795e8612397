#include <array>
#include <string_view>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/ipmi.hpp"

namespace reachd::ipmi {
namespace {

/// RMCP (IPMI v2.0, 13.1.3): version 6; no acknowledgement is wanted for sequence number 255.
constexpr std::uint8_t kRmcpVersion = 6;
constexpr std::uint8_t kNoAcknowledgement = 0xff;
constexpr std::uint8_t kClassAsf = 6;
constexpr std::uint8_t kClassIpmi = 7;

constexpr std::uint32_t kAsfEnterprise = 4542;
constexpr std::uint8_t kPresencePing = 0x80;
constexpr std::uint8_t kPresencePong = 0x40;
constexpr std::size_t kPongData = 16;

constexpr std::uint8_t kController = 0x20;
constexpr std::uint8_t kRemoteConsole = 0x81;
constexpr std::uint8_t kApplicationRequest = 0x06 << 2;
constexpr std::uint8_t kApplicationResponse = 0x07 << 2;
constexpr std::uint8_t kGetCapabilities = 0x38;
/// The channel that the question comes by, and what IPMI v2.0 has added to the answer.
constexpr std::uint8_t kThisChannel = 0x0e | 0x80;
constexpr std::uint8_t kAdministrator = 4;

void write_rmcp(ByteWriter& out, std::uint8_t message_class) {
  out.u8(kRmcpVersion);
  out.u8(0);
  out.u8(kNoAcknowledgement);
  out.u8(message_class);
}

bool read_rmcp(ByteReader& reader, std::uint8_t message_class) {
  const unsigned version = reader.u8();
  reader.u16();  // reserved, sequence number
  return reader.u8() == message_class && version == kRmcpVersion;
}

/// What makes the sum of all bytes 0 (IPMI v2.0, 13.8).
std::uint8_t checksum(std::span<const std::byte> bytes) {
  std::uint8_t sum = 0;
  for (const std::byte byte : bytes) {
    sum = static_cast<std::uint8_t>(sum + std::to_integer<std::uint8_t>(byte));
  }
  return static_cast<std::uint8_t>(-sum);
}

std::string words_of(std::uint8_t types) {
  static constexpr std::array<std::pair<std::uint8_t, std::string_view>, 5> kTypes{
      {{0x01, "none"}, {0x02, "md2"}, {0x04, "md5"}, {0x10, "password"}, {0x20, "oem"}}};
  std::string words;
  for (const auto& [bit, word] : kTypes) {
    if ((types & bit) != 0) {
      words.append(words.empty() ? "" : " ").append(word);
    }
  }
  return words;
}

}  // namespace

std::vector<std::byte> build_query(std::uint8_t sequence) {
  ByteWriter out(64);
  write_rmcp(out, kClassIpmi);
  out.u8(0);   // no authentication
  out.u32(0);  // sequence number of a session
  out.u32(0);  // no session
  ByteWriter head(2);
  head.u8(kController);
  head.u8(kApplicationRequest);
  ByteWriter body(5);
  body.u8(kRemoteConsole);
  body.u8(static_cast<std::uint8_t>(sequence << 2U));
  body.u8(kGetCapabilities);
  body.u8(kThisChannel);
  body.u8(kAdministrator);
  out.u8(static_cast<std::uint8_t>(head.size() + body.size() + 2));
  out.bytes(head.data());
  out.u8(checksum(head.data()));
  out.bytes(body.data());
  out.u8(checksum(body.data()));
  return out.data();
}

std::optional<Capabilities> parse_capabilities(std::span<const std::byte> datagram,
                                               std::uint8_t sequence) {
  ByteReader reader(datagram);
  if (!read_rmcp(reader, kClassIpmi) || reader.u8() != 0) {
    return std::nullopt;
  }
  reader.u64();  // no session
  const auto message = reader.take(reader.u8());
  if (message.size() < 8 || checksum(message.first(3)) != 0 || checksum(message.subspan(3)) != 0) {
    return std::nullopt;
  }
  ByteReader answer(message);
  const bool to_us = answer.u8() == kRemoteConsole;
  const bool responds = (answer.u8() & 0xfcU) == kApplicationResponse;
  answer.u16();  // checksum, who answers
  const bool same = answer.u8() >> 2U == (sequence & 0x3fU);
  if (!to_us || !responds || !same || answer.u8() != kGetCapabilities) {
    return std::nullopt;
  }
  Capabilities result;
  result.completion_code = answer.u8();
  if (result.completion_code != 0) {
    return result;
  }
  answer.u8();  // channel
  const std::uint8_t types = answer.u8();
  const std::uint8_t status = answer.u8();
  const std::uint8_t extended = answer.u8();
  answer.u32();  // OEM
  if (!answer.ok()) {
    return std::nullopt;
  }
  const bool has_extended = (types & 0x80U) != 0;
  result.version_2_0 = has_extended && (extended & 0x02U) != 0;
  result.version_1_5 = !has_extended || (extended & 0x01U) != 0;
  result.authentications = words_of(types);
  result.anonymous_login = (status & 0x01U) != 0;
  return result;
}

std::vector<std::byte> build_ping(std::uint8_t tag) {
  ByteWriter out(16);
  write_rmcp(out, kClassAsf);
  out.u32(kAsfEnterprise);
  out.u8(kPresencePing);
  out.u8(tag);
  out.u16(0);  // reserved, no data
  return out.data();
}

std::optional<Presence> parse_pong(std::span<const std::byte> datagram, std::uint8_t tag) {
  ByteReader reader(datagram);
  const bool asf = read_rmcp(reader, kClassAsf) && reader.u32() == kAsfEnterprise;
  if (!asf || reader.u8() != kPresencePong || reader.u8() != tag) {
    return std::nullopt;
  }
  reader.u8();
  const std::size_t size = reader.u8();
  Presence result;
  result.enterprise = reader.u32();
  reader.u32();  // the maker's own
  result.speaks_ipmi = (reader.u8() & 0x80U) != 0;
  return reader.ok() && size >= kPongData ? std::optional(result) : std::nullopt;
}

}  // namespace reachd::ipmi
