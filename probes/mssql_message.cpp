#include <algorithm>
#include <array>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/mssql.hpp"

namespace reachd::tds {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kLongest = 4096;
constexpr std::size_t kMostWords = 256;

constexpr std::uint8_t kPreLogin = 0x12;
constexpr std::uint8_t kTabularResult = 0x04;
constexpr std::uint8_t kEndOfMessage = 0x01;
constexpr std::uint8_t kErrorToken = 0xaa;

constexpr std::uint8_t kVersion = 0x00;
constexpr std::uint8_t kEncryption = 0x01;
constexpr std::uint8_t kInstance = 0x02;
constexpr std::uint8_t kThread = 0x03;
constexpr std::uint8_t kMars = 0x04;
constexpr std::uint8_t kTerminator = 0xff;
constexpr int kMostOptions = 32;

struct Product {
  unsigned major;
  unsigned minor;
  std::string_view name;
};
constexpr std::array<Product, 12> kProducts{{{8, 0, "SQL Server 2000"},
                                             {9, 0, "SQL Server 2005"},
                                             {10, 0, "SQL Server 2008"},
                                             {10, 50, "SQL Server 2008 R2"},
                                             {11, 0, "SQL Server 2012"},
                                             {12, 0, "SQL Server 2014"},
                                             {13, 0, "SQL Server 2016"},
                                             {14, 0, "SQL Server 2017"},
                                             {15, 0, "SQL Server 2019"},
                                             {16, 0, "SQL Server 2022"},
                                             {17, 0, "SQL Server 2025"},
                                             {7, 0, "SQL Server 7.0"}}};

/// Of an ERROR token (2.2.7.10): its number and its words, which are UTF-16.
std::string refusal(ByteReader& reader) {
  const auto little = [&reader](std::size_t size) {
    std::uint32_t value = 0;
    std::size_t shift = 0;
    for (const std::byte byte : reader.take(size)) {
      value |= std::to_integer<std::uint32_t>(byte) << shift;
      shift += 8;
    }
    return value;
  };
  reader.take(2);  // length of the token
  const std::uint32_t number = little(4);
  reader.take(2);  // state, class
  const std::size_t length = std::min<std::size_t>(little(2), kMostWords);
  std::string words;
  for (std::size_t i = 0; i < length && reader.left() >= 2; ++i) {
    const std::uint32_t unit = little(2);
    words += unit < 0x80 ? static_cast<char>(unit) : '?';
  }
  return std::to_string(number) + " " + printable(words, kMostWords);
}

void read_version(PreLogin& result, std::span<const std::byte> data) {
  ByteReader reader(data);
  const unsigned major = reader.u8();
  const unsigned minor = reader.u8();
  const unsigned build = reader.u16();
  const unsigned sub_build = reader.u16();
  if (!reader.ok()) {
    return;
  }
  result.version = std::to_string(major) + "." + std::to_string(minor) + "." +
                   std::to_string(build) + "." + std::to_string(sub_build);
  const auto known = std::ranges::find_if(kProducts, [&](const Product& product) {
    return product.major == major && product.minor == minor;
  });
  if (known != kProducts.end()) {
    result.product = known->name;
  }
}

}  // namespace

std::vector<std::byte> build_prelogin(std::string_view instance) {
  struct Option {
    std::uint8_t token;
    std::size_t size;
  };
  const std::array<Option, 5> options{{{kVersion, 6},
                                       {kEncryption, 1},
                                       {kInstance, instance.size() + 1},
                                       {kThread, 4},
                                       {kMars, 1}}};
  ByteWriter writer(256 + instance.size());
  writer.u8(kPreLogin);
  writer.u8(kEndOfMessage);
  writer.u16(0);  // length, below
  writer.u16(0);  // SPID
  writer.u8(1);   // packet id
  writer.u8(0);   // window
  std::size_t offset = options.size() * 5 + 1;
  for (const Option& option : options) {
    writer.u8(option.token);
    writer.u16(static_cast<std::uint16_t>(offset));
    writer.u16(static_cast<std::uint16_t>(option.size));
    offset += option.size;
  }
  writer.u8(kTerminator);
  writer.u32(0x09000000);  // our version, as in the example of section 4.1
  writer.u16(0);
  writer.u8(0);  // encryption: if the server wants it
  writer.text(instance);
  writer.u8(0);
  writer.u32(0);  // thread
  writer.u8(0);   // no MARS
  writer.set_u16(2, static_cast<std::uint16_t>(writer.size()));
  return writer.data();
}

net::Framing frame_answer(std::span<const std::byte> received) {
  const auto at = [&](std::size_t i, std::uint8_t fallback) {
    return i < received.size() ? std::to_integer<std::uint8_t>(received[i]) : fallback;
  };
  if (at(0, kTabularResult) != kTabularResult || (at(1, kEndOfMessage) & ~0x0fU) != 0 ||
      (at(1, kEndOfMessage) & kEndOfMessage) == 0) {
    return std::unexpected("no answer to a pre-login");
  }
  if (received.size() < kHeader) {
    return std::nullopt;
  }
  ByteReader reader(received);
  reader.seek(2);
  const std::size_t size = reader.u16();
  if (size <= kHeader || size > kLongest) {
    return std::unexpected("a packet of impossible length");
  }
  return received.size() < size ? net::Framing(std::nullopt) : net::Framing(size);
}

std::optional<PreLogin> parse_answer(std::span<const std::byte> packet) {
  const auto data = packet.subspan(std::min(kHeader, packet.size()));
  ByteReader reader(data);
  PreLogin result;
  for (int i = 0; i < kMostOptions; ++i) {
    const std::uint8_t token = reader.u8();
    if (i == 0 && token == kErrorToken) {
      result.refusal = refusal(reader);
      return reader.ok() ? std::optional(result) : std::nullopt;
    }
    if (i == 0 && token != kVersion) {
      return std::nullopt;  // it has to come first (2.2.6.5)
    }
    if (token == kTerminator || !reader.ok()) {
      break;
    }
    const std::size_t offset = reader.u16();
    const std::size_t size = reader.u16();
    if (!reader.ok() || offset + size > data.size()) {
      return std::nullopt;
    }
    const auto value = data.subspan(offset, size);
    if (token == kVersion) {
      read_version(result, value);
    } else if (token == kEncryption && size >= 1) {
      result.encryption = std::to_integer<std::uint8_t>(value.front());
    } else if (token == kInstance && size >= 1) {
      result.other_instance = value.front() == std::byte{1};
    }
  }
  return reader.ok() ? std::optional(result) : std::nullopt;
}

std::string encryption_name(std::uint8_t value) {
  static constexpr std::array<std::string_view, 4> kNames{"off", "on", "not supported", "required"};
  return value < kNames.size() ? std::string(kNames[value]) : "value " + std::to_string(value);
}

}  // namespace reachd::tds
