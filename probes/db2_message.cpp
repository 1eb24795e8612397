#include <algorithm>
#include <array>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/db2.hpp"

namespace reachd::drda {
namespace {

/// Of a DSS: length, 0xd0, format, correlation; then of its object: length, code point.
constexpr std::size_t kDss = 6;
constexpr std::size_t kObject = 4;
constexpr std::size_t kLongest = 32767;  // a set high bit means that more follows
constexpr std::size_t kMostText = 64;
constexpr int kMostParameters = 64;

constexpr std::uint8_t kMagic = 0xd0;
constexpr std::uint8_t kRequest = 0x01;
constexpr std::uint8_t kReply = 0x02;
constexpr std::uint16_t kCorrelation = 1;

constexpr std::uint16_t kExcsat = 0x1041;
constexpr std::uint16_t kExcsatrd = 0x1443;
constexpr std::uint16_t kExtnam = 0x115e;
constexpr std::uint16_t kMgrlvlls = 0x1404;
constexpr std::uint16_t kSrvclsnm = 0x1147;
constexpr std::uint16_t kSrvnam = 0x116d;
constexpr std::uint16_t kSrvrlslv = 0x115a;

constexpr std::array<std::pair<std::uint16_t, std::string_view>, 8> kReplies{
    {{0x1210, "MGRLVLRM"},
     {0x1218, "MGRDEPRM"},
     {0x1232, "AGNPRMRM"},
     {0x1233, "RSCLMTRM"},
     {0x1245, "PRCCNVRM"},
     {0x124c, "SYNTAXRM"},
     {0x1250, "CMDNSPRM"},
     {kExcsatrd, "EXCSATRD"}}};

/// What a server can do, of which it answers with the levels that it has (agent, SQL, database,
/// security, TCP).
constexpr std::array<std::pair<std::uint16_t, std::uint16_t>, 5> kLevels{
    {{0x1403, 7}, {0x2407, 7}, {0x240f, 7}, {0x1440, 7}, {0x1474, 5}}};

/// CCSID 500: the letters stand in three rows of each case. 0 for what is not used in names.
char from_ebcdic(std::uint8_t byte) noexcept {
  const unsigned column = byte & 0x0fU;
  switch (byte & 0xf0U) {
    case 0x80:
      return column >= 1 && column <= 9 ? static_cast<char>('a' + column - 1) : '\0';
    case 0x90:
      return column >= 1 && column <= 9 ? static_cast<char>('j' + column - 1) : '\0';
    case 0xa0:
      return column >= 2 && column <= 9 ? static_cast<char>('s' + column - 2) : '\0';
    case 0xc0:
      return column >= 1 && column <= 9 ? static_cast<char>('A' + column - 1) : '\0';
    case 0xd0:
      return column >= 1 && column <= 9 ? static_cast<char>('J' + column - 1) : '\0';
    case 0xe0:
      return column >= 2 && column <= 9 ? static_cast<char>('S' + column - 2) : '\0';
    case 0xf0:
      return column <= 9 ? static_cast<char>('0' + column) : '\0';
    default:
      break;
  }
  switch (byte) {
    case 0x40:
      return ' ';
    case 0x4b:
      return '.';
    case 0x4d:
      return '(';
    case 0x5d:
      return ')';
    case 0x60:
      return '-';
    case 0x61:
      return '/';
    case 0x6d:
      return '_';
    case 0x7a:
      return ':';
    default:
      return '\0';
  }
}

/// EBCDIC where there is a byte beyond ASCII, since all its letters and digits are; else ASCII.
std::string text_of(std::span<const std::byte> bytes) {
  const bool ebcdic =
      std::ranges::any_of(bytes, [](std::byte byte) { return byte >= std::byte{0x80}; });
  std::string text;
  for (const std::byte byte : bytes.first(std::min(bytes.size(), kMostText))) {
    const auto code = std::to_integer<std::uint8_t>(byte);
    const char plain = ebcdic ? from_ebcdic(code) : static_cast<char>(code);
    text += plain >= ' ' && plain <= '~' ? plain : '?';
  }
  text.erase(text.find_last_not_of("? ") + 1);  // they are filled up with blanks or zeros
  return text;
}

}  // namespace

std::vector<std::byte> build_excsat() {
  constexpr std::array kWho{std::byte{0x99}, std::byte{0x85}, std::byte{0x81},
                            std::byte{0x83}, std::byte{0x88}, std::byte{0x84}};  // "reachd"
  const std::size_t named = kObject + kWho.size();
  const std::size_t levels = kObject + 4 * kLevels.size();
  const std::size_t object = kObject + 4 * named + levels;
  ByteWriter writer(kDss + object);
  writer.u16(static_cast<std::uint16_t>(kDss + object));
  writer.u8(kMagic);
  writer.u8(kRequest);
  writer.u16(kCorrelation);
  writer.u16(static_cast<std::uint16_t>(object));
  writer.u16(kExcsat);
  const auto name = [&](std::uint16_t code_point) {
    writer.u16(static_cast<std::uint16_t>(named));
    writer.u16(code_point);
    writer.bytes(kWho);
  };
  name(kExtnam);
  name(kSrvnam);
  name(kSrvrlslv);
  writer.u16(static_cast<std::uint16_t>(levels));
  writer.u16(kMgrlvlls);
  for (const auto& [manager, level] : kLevels) {
    writer.u16(manager);
    writer.u16(level);
  }
  name(kSrvclsnm);
  return writer.data();
}

net::Framing frame_reply(std::span<const std::byte> received) {
  const auto at = [&](std::size_t i, std::uint8_t fallback) {
    return i < received.size() ? std::to_integer<std::uint8_t>(received[i]) : fallback;
  };
  if (at(2, kMagic) != kMagic || (at(3, kReply) & 0x0fU) != kReply) {
    return std::unexpected("no reply of DRDA");
  }
  if (received.size() < kDss) {
    return std::nullopt;
  }
  ByteReader reader(received);
  const std::size_t size = reader.u16();
  if (size < kDss + kObject || size > kLongest) {
    return std::unexpected("a reply of impossible length");
  }
  return received.size() < size ? net::Framing(std::nullopt) : net::Framing(size);
}

std::optional<Attributes> parse_reply(std::span<const std::byte> message) {
  ByteReader reader(message);
  reader.take(kDss);
  const std::size_t object = reader.u16();
  Attributes result;
  result.code_point = reader.u16();
  if (!reader.ok() || object < kObject || object > message.size() - kDss) {
    return std::nullopt;
  }
  ByteReader parameters(message.subspan(kDss + kObject, object - kObject));
  for (int i = 0; i < kMostParameters && parameters.left() > 0; ++i) {
    const std::size_t size = parameters.u16();
    const std::uint16_t code_point = parameters.u16();
    if (size < kObject) {
      return std::nullopt;
    }
    const auto value = parameters.take(size - kObject);
    if (!parameters.ok()) {
      return std::nullopt;
    }
    switch (code_point) {
      case kExtnam:
        result.name = text_of(value);
        break;
      case kSrvclsnm:
        result.server_class = text_of(value);
        break;
      case kSrvnam:
        result.server = text_of(value);
        break;
      case kSrvrlslv:
        result.release = text_of(value);
        break;
      default:
        break;
    }
  }
  return result;
}

bool is_answer(const Attributes& attributes) noexcept { return attributes.code_point == kExcsatrd; }

std::string code_point_name(std::uint16_t code_point) {
  const auto found =
      std::ranges::find(kReplies, code_point, &std::pair<std::uint16_t, std::string_view>::first);
  if (found != kReplies.end()) {
    return std::string(found->second);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) {
    text += kDigits[(code_point >> static_cast<unsigned>(shift)) & 0xfU];
  }
  return text;
}

std::string release_number(const std::string& release) {
  // Three letters, then two digits of the version, two of the release and one of the modification.
  constexpr std::size_t kLetters = 3;
  const std::string digits = release.substr(std::min(kLetters, release.size()));
  const bool known = digits.size() == 5 &&
                     std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!known) {
    return {};
  }
  const auto number = [](std::string_view two) {
    return std::string(two.substr(two.starts_with('0') ? 1 : 0));
  };
  return number(digits.substr(0, 2)) + "." + number(digits.substr(2, 2)) + "." + digits.substr(4);
}

}  // namespace reachd::drda
