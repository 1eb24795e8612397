#include <algorithm>
#include <array>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/mysql.hpp"

namespace reachd::mysql {
namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kLongestGreeting = 4096;
constexpr std::size_t kLongestPacket = std::size_t{16} * 1024;
constexpr std::size_t kMostText = 64;
constexpr std::size_t kMostWords = 256;

constexpr std::uint8_t kOk = 0x00;
constexpr std::uint8_t kProtocol9 = 9;
constexpr std::uint8_t kProtocol10 = 10;
constexpr std::uint8_t kChangePlugin = 0xfe;
constexpr std::uint8_t kError = 0xff;

constexpr std::uint32_t kLongPassword = 0x1;
constexpr std::uint32_t kProtocol41 = 0x200;
constexpr std::uint32_t kSsl = 0x800;
constexpr std::uint32_t kSecureConnection = 0x8000;
constexpr std::uint32_t kPluginAuth = 0x80000;

constexpr std::string_view kUser = "reachd";
constexpr std::uint8_t kLatin1 = 8;  // every server knows it
constexpr std::uint32_t kMaxPacket = 1U << 24;

/// The protocol's numbers are little-endian.
std::uint32_t little(ByteReader& reader, std::size_t size) {
  std::uint32_t value = 0;
  std::size_t shift = 0;
  for (const std::byte byte : reader.take(size)) {
    value |= std::to_integer<std::uint32_t>(byte) << shift;
    shift += 8;
  }
  return value;
}

void put_little(ByteWriter& writer, std::uint32_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    writer.u8(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

std::string_view until_zero(ByteReader& reader) {
  const std::size_t start = reader.position();
  const std::string_view rest = reader.text(reader.left());
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  reader.seek(std::min(start + end + 1, start + rest.size()));
  return rest.substr(0, end);
}

/// For facts: what is not printable ASCII as '?'.
std::string plain(std::string_view text) {
  std::string result(text.substr(0, kMostText));
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::string refusal(ByteReader& reader) {
  const std::uint32_t code = little(reader, 2);
  std::string_view words = reader.text(reader.left());
  if (words.starts_with('#') && words.size() >= 6) {
    words.remove_prefix(6);  // the SQL state
  }
  return std::to_string(code) + " " + printable(words, kMostWords);
}

std::vector<std::byte> packet(std::uint8_t number, const std::vector<std::byte>& payload) {
  ByteWriter writer(kHeader + payload.size());
  put_little(writer, static_cast<std::uint32_t>(payload.size()), 3);
  writer.u8(number);
  writer.bytes(payload);
  return writer.data();
}

}  // namespace

bool offers_tls(const Greeting& greeting) noexcept { return (greeting.capabilities & kSsl) != 0; }

net::Framing frame_greeting(std::span<const std::byte> received) {
  ByteReader reader(received);
  const std::size_t size = little(reader, 3);
  // The high bytes of a plausible length and the number of the first packet.
  const auto zero = [&](std::size_t at) {
    return received.size() <= at || received[at] == std::byte{0};
  };
  if (!zero(2) || !zero(3)) {
    return std::unexpected("no greeting");
  }
  if (received.size() <= kHeader) {
    return std::nullopt;
  }
  reader.seek(kHeader);
  const std::uint8_t first = reader.u8();
  if (first != kProtocol9 && first != kProtocol10 && first != kError) {
    return std::unexpected("no greeting");
  }
  if (size < 3 || size > kLongestGreeting) {
    return std::unexpected("a greeting of impossible length");
  }
  return received.size() < kHeader + size ? net::Framing(std::nullopt)
                                          : net::Framing(kHeader + size);
}

net::Framing frame_packet(std::span<const std::byte> received) {
  if (received.size() < kHeader) {
    return std::nullopt;
  }
  ByteReader reader(received);
  const std::size_t size = little(reader, 3);
  if (size == 0 || size > kLongestPacket) {
    return std::unexpected("a packet of impossible length");
  }
  return received.size() < kHeader + size ? net::Framing(std::nullopt)
                                          : net::Framing(kHeader + size);
}

std::optional<Greeting> parse_greeting(std::span<const std::byte> packet) {
  ByteReader reader(packet);
  reader.seek(kHeader);
  Greeting greeting;
  const std::uint8_t protocol = reader.u8();
  if (protocol == kError) {
    greeting.refusal = refusal(reader);
    return reader.ok() ? std::optional(greeting) : std::nullopt;
  }
  std::string_view version = until_zero(reader);
  // So that old replicas take it for a MySQL (MariaDB, MDEV-4088).
  constexpr std::string_view kDisguise = "5.5.5-";
  if (version.starts_with(kDisguise) && version.find("MariaDB") != std::string_view::npos) {
    version.remove_prefix(kDisguise.size());
  }
  greeting.version = plain(version);
  reader.take(4 + 8 + 1);  // connection id, first part of the scramble, a filler
  if (protocol == kProtocol10) {
    greeting.capabilities = little(reader, 2);
  }
  if (!reader.ok() || greeting.version.empty()) {
    return std::nullopt;
  }
  if (reader.left() >= 16) {
    reader.take(1 + 2);  // character set, status
    greeting.capabilities |= little(reader, 2) << 16;
    const std::size_t scramble = reader.u8();
    reader.take(10);
    if ((greeting.capabilities & kPluginAuth) != 0) {
      reader.take(std::max<std::size_t>(13, scramble - std::min<std::size_t>(scramble, 8)));
      greeting.auth_plugin = reader.ok() ? plain(until_zero(reader)) : "";
    }
  }
  return greeting;
}

Reply parse_reply(std::span<const std::byte> packet) noexcept {
  ByteReader reader(packet);
  reader.seek(kHeader);
  Reply reply;
  switch (reader.u8()) {
    case kOk:
      reply.kind = Reply::Kind::ok;
      break;
    case kError:
      reply.kind = Reply::Kind::error;
      break;
    case kChangePlugin:
      reply.kind = Reply::Kind::change_plugin;
      reply.plugin = until_zero(reader);
      break;
    default:
      break;
  }
  return reply;
}

std::uint8_t next_number(std::span<const std::byte> packet) noexcept {
  ByteReader reader(packet);
  reader.seek(3);
  return static_cast<std::uint8_t>(reader.u8() + 1U);
}

std::vector<std::byte> build_response(std::uint8_t number, const Greeting& greeting, bool secured,
                                      bool ends_at_tls) {
  const std::uint32_t wanted =
      kLongPassword | kProtocol41 | kSecureConnection | kPluginAuth | (secured ? kSsl : 0U);
  const std::uint32_t capabilities = wanted & greeting.capabilities;
  ByteWriter payload(256);
  put_little(payload, capabilities, 4);
  put_little(payload, kMaxPacket, 4);
  payload.u8(kLatin1);
  for (int i = 0; i < 23; ++i) {
    payload.u8(0);
  }
  if (!ends_at_tls) {
    payload.text(kUser);
    payload.u8(0);
    payload.u8(0);  // no proof: an empty password
    if ((capabilities & kPluginAuth) != 0) {
      payload.text(greeting.auth_plugin);
      payload.u8(0);
    }
  }
  return packet(number, payload.data());
}

std::vector<std::byte> build_proof(std::uint8_t number, std::string_view plugin, bool first) {
  std::size_t size = 0;  // an empty password
  if (plugin == "client_ed25519") {
    size = 64;  // a signature
  } else if (plugin == "parsec" && !first) {
    size = 32 + 64;  // a scramble and a signature; first comes the wish for a salt
  }
  return packet(number, std::vector<std::byte>(size));
}

std::vector<std::byte> build_quit() { return packet(0, {std::byte{0x01}}); }

}  // namespace reachd::mysql
