#include <algorithm>
#include <string_view>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/smb.hpp"

namespace reachd::smb {
namespace {

/// In front of each message: a type and a length of 24 bits ([MS-SMB2] 2.1; RFC 1002, 4.3.1).
constexpr std::size_t kPrefix = 4;
constexpr std::size_t kHeader = 64;
constexpr std::uint8_t kSessionMessage = 0x00;
constexpr std::uint8_t kSessionRequest = 0x81;
constexpr std::uint8_t kPositive = 0x82;
constexpr std::uint8_t kNegative = 0x83;
constexpr std::uint8_t kRetarget = 0x84;

constexpr std::string_view kSmb2 = "\xFESMB";
constexpr std::string_view kSmb1 = "\xFFSMB";
constexpr std::uint32_t kServerToRedirector = 1;
constexpr std::uint16_t kSigningEnabled = 1;
constexpr std::uint16_t kSigningRequired = 2;
constexpr std::array<std::uint16_t, 5> kDialects{0x0202, 0x0210, 0x0300, 0x0302, 0x0311};
constexpr std::uint16_t kPreauthIntegrity = 1;
constexpr std::uint16_t kSha512 = 1;

/// The 100 ns steps from 1601 to 1970 ([MS-DTYP] 2.3.3).
constexpr std::uint64_t kEpoch = 116'444'736'000'000'000;
/// The year 2200; later is no clock.
constexpr std::uint64_t kLatest = kEpoch + std::uint64_t{230} * 366 * 86'400 * 10'000'000;

/// SMB counts from the little end.
void le(ByteWriter& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    out.u8(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

std::uint64_t le(ByteReader& in, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::uint64_t{in.u8()} << (8 * i);
  }
  return value;
}

std::size_t length_of(std::span<const std::byte> received) {
  ByteReader reader(received);
  return reader.u32() & 0x00FF'FFFFU;
}

std::vector<std::byte> framed(std::uint8_t type, std::span<const std::byte> message) {
  ByteWriter out(kPrefix + message.size());
  out.u8(type);
  out.u8(0);
  out.u16(static_cast<std::uint16_t>(message.size()));
  out.bytes(message);
  return out.data();
}

/// "First-level encoding" of a name of 16 bytes (RFC 1001, 14.1), padded with spaces.
void write_name(ByteWriter& out, std::string_view name, char kind) {
  std::array<char, 16> padded{};
  padded.fill(' ');
  std::ranges::copy(name, padded.begin());
  padded.back() = kind;
  out.u8(2 * padded.size());
  for (const char c : padded) {
    const auto byte = static_cast<unsigned char>(c);
    out.u8(static_cast<std::uint8_t>('A' + (byte >> 4U)));
    out.u8(static_cast<std::uint8_t>('A' + (byte & 0x0FU)));
  }
  out.u8(0);
}

std::optional<WallTime> wall_time(std::uint64_t file_time) {
  if (file_time <= kEpoch || file_time > kLatest) {
    return std::nullopt;
  }
  using Steps = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
  const Steps since(static_cast<std::int64_t>(file_time - kEpoch));
  return WallTime(std::chrono::duration_cast<WallTime::duration>(since));
}

}  // namespace

net::Framing frame(std::span<const std::byte> received) {
  const std::string_view text = as_text(received);
  if (!text.starts_with('\0')) {
    return std::unexpected("no message begins so");
  }
  const std::string_view protocol = text.substr(std::min(text.size(), kPrefix), kSmb2.size());
  if (!kSmb2.starts_with(protocol) && !kSmb1.starts_with(protocol)) {
    return std::unexpected("no SMB header");
  }
  if (received.size() < kPrefix) {
    return std::nullopt;
  }
  const std::size_t whole = kPrefix + length_of(received);
  if (whole < kPrefix + kSmb2.size() || whole > net::Conversation::kMost) {
    return std::unexpected("a message of " + std::to_string(whole) + " bytes");
  }
  return received.size() < whole ? net::Framing(std::nullopt) : net::Framing(whole);
}

net::Framing frame_session(std::span<const std::byte> received) {
  const auto type = std::to_integer<std::uint8_t>(received[0]);
  if (type < kPositive || type > kRetarget) {
    return std::unexpected("no answer to a session request");
  }
  if (received.size() < kPrefix) {
    return std::nullopt;
  }
  const std::size_t length = length_of(received);
  if (length != (type == kPositive ? 0U : type == kNegative ? 1U : 6U)) {
    return std::unexpected("no answer to a session request");
  }
  const std::size_t whole = kPrefix + length;
  return received.size() < whole ? net::Framing(std::nullopt) : net::Framing(whole);
}

std::vector<std::byte> build_negotiate(const Nonce& nonce) {
  constexpr std::size_t kBody = 36;
  constexpr std::size_t kContexts = (kHeader + kBody + 2 * kDialects.size() + 7) / 8 * 8;
  ByteWriter out(256);
  // The header (2.2.1.2): command 0, message 0, no session.
  out.text(kSmb2);
  le(out, kHeader, 2);
  le(out, 0, 8);  // charge, status, command
  le(out, 1, 2);  // credits asked for
  while (out.size() < kHeader) {
    out.u8(0);
  }
  // NEGOTIATE (2.2.3): no capability of ours matters before a session.
  le(out, kBody, 2);
  le(out, kDialects.size(), 2);
  le(out, kSigningEnabled, 2);
  le(out, 0, 6);
  out.bytes(nonce.client_guid);
  le(out, kContexts, 4);
  le(out, 1, 4);
  for (const std::uint16_t dialect : kDialects) {
    le(out, dialect, 2);
  }
  while (out.size() < kContexts) {
    out.u8(0);
  }
  // The one context that 3.1.1 can't do without (2.2.3.1.1).
  le(out, kPreauthIntegrity, 2);
  le(out, 6 + nonce.salt.size(), 2);
  le(out, 0, 4);
  le(out, 1, 2);
  le(out, nonce.salt.size(), 2);
  le(out, kSha512, 2);
  out.bytes(nonce.salt);
  return framed(kSessionMessage, out.data());
}

std::vector<std::byte> build_session_request() {
  ByteWriter names(80);
  write_name(names, "*SMBSERVER", ' ');
  write_name(names, "REACHD", '\0');
  return framed(kSessionRequest, names.data());
}

std::optional<Answer> parse(std::span<const std::byte> message) {
  ByteReader reader(message);
  reader.take(kPrefix);
  const std::string_view protocol = reader.text(kSmb2.size());
  Answer answer;
  if (protocol == kSmb1) {
    answer.kind = Answer::Kind::smb1;
    return answer;
  }
  const std::uint64_t header_size = le(reader, 2);
  reader.take(2);
  answer.status = static_cast<std::uint32_t>(le(reader, 4));
  const std::uint64_t command = le(reader, 2);
  reader.take(2);
  const std::uint64_t flags = le(reader, 4);
  if (protocol != kSmb2 || header_size != kHeader || command != 0 ||
      (flags & kServerToRedirector) == 0) {
    return std::nullopt;
  }
  if (answer.status != 0) {
    answer.kind = Answer::Kind::refused;
    return reader.ok() ? std::optional(answer) : std::nullopt;
  }
  // 2.2.4
  reader.seek(kPrefix + kHeader);
  const std::uint64_t body_size = le(reader, 2);
  const std::uint64_t security = le(reader, 2);
  answer.dialect = static_cast<std::uint16_t>(le(reader, 2));
  reader.take(2);
  std::ranges::copy(reader.take(answer.server_guid.size()), answer.server_guid.begin());
  reader.take(16);  // capabilities and sizes
  answer.system_time = wall_time(le(reader, 8));
  if (!reader.ok() || body_size != 65 ||
      std::ranges::find(kDialects, answer.dialect) == kDialects.end()) {
    return std::nullopt;
  }
  answer.signing = (security & kSigningRequired) != 0  ? Answer::Signing::required
                   : (security & kSigningEnabled) != 0 ? Answer::Signing::enabled
                                                       : Answer::Signing::off;
  return answer;
}

std::optional<SessionAnswer> parse_session(std::span<const std::byte> message) {
  ByteReader reader(message);
  const std::uint8_t type = reader.u8();
  reader.take(kPrefix - 1);
  SessionAnswer answer{type == kPositive, 0};
  if (type == kNegative) {
    answer.code = reader.u8();
  }
  const bool known = type == kPositive || type == kNegative || type == kRetarget;
  return known && reader.ok() ? std::optional(answer) : std::nullopt;
}

std::string dialect_name(std::uint16_t dialect) {
  const unsigned major = dialect >> 8U;
  const unsigned minor = dialect >> 4U & 0x0FU;
  const unsigned patch = dialect & 0x0FU;
  return std::to_string(major) + "." + std::to_string(minor) +
         (patch == 0 ? "" : "." + std::to_string(patch));
}

std::string guid_text(const std::array<std::byte, 16>& guid) {
  // The first three fields are numbers from the little end, the rest are bytes.
  constexpr std::array<std::size_t, 16> kOrder{3, 2, 1,  0,  5,  4,  7,  6,
                                               8, 9, 10, 11, 12, 13, 14, 15};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(guid[kOrder[i]]);
    text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0x0FU];
  }
  return text;
}

}  // namespace reachd::smb
