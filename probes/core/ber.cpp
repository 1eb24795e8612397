#include "probes/core/ber.hpp"

namespace reachd::ber {
namespace {

constexpr std::uint8_t kLongIdentifier = 0x1F;
constexpr std::uint8_t kLongLength = 0x80;
constexpr std::size_t kMostLengthOctets = 4;

/// What stands before the contents.
struct Header {
  std::size_t size = 0;  ///< identifier and length octets
  std::size_t contents = 0;
};

std::expected<std::optional<Header>, std::string_view> read_header(
    std::span<const std::byte> bytes) noexcept {
  constexpr std::optional<Header> kMore;
  if (bytes.empty()) {
    return kMore;
  }
  if ((std::to_integer<unsigned>(bytes[0]) & kLongIdentifier) == kLongIdentifier) {
    return std::unexpected("an identifier of more than one octet");
  }
  if (bytes.size() < 2) {
    return kMore;
  }
  const auto first = std::to_integer<std::size_t>(bytes[1]);
  if ((first & kLongLength) == 0) {
    return Header{2, first};
  }
  const std::size_t octets = first & 0x7FU;
  if (octets == 0 || octets > kMostLengthOctets) {
    return std::unexpected("no length that could be meant");
  }
  if (bytes.size() < 2 + octets) {
    return kMore;
  }
  Header header{2 + octets, 0};
  for (const std::byte octet : bytes.subspan(2, octets)) {
    header.contents = header.contents << 8U | std::to_integer<std::size_t>(octet);
  }
  return header;
}

}  // namespace

Element Reader::next() noexcept {
  const auto header = read_header(left_);
  ok_ = ok_ && header && *header && (*header)->contents <= left_.size() - (*header)->size;
  if (!ok_) {
    return {};
  }
  const auto [size, contents] = **header;
  const Element element{std::to_integer<std::uint8_t>(left_[0]), left_.subspan(size, contents)};
  left_ = left_.subspan(size + contents);
  return element;
}

std::span<const std::byte> Reader::expect(std::uint8_t tag) noexcept {
  const Element element = next();
  ok_ = ok_ && element.tag == tag;
  return ok_ ? element.contents : std::span<const std::byte>{};
}

std::int64_t Reader::integer(std::uint8_t tag) noexcept {
  const auto contents = expect(tag);
  ok_ = ok_ && !contents.empty() && contents.size() <= sizeof(std::int64_t);
  if (!ok_) {
    return 0;
  }
  const bool negative = (std::to_integer<unsigned>(contents.front()) & 0x80U) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (const std::byte octet : contents) {
    value = value << 8U | std::to_integer<std::uint64_t>(octet);
  }
  return static_cast<std::int64_t>(value);
}

std::expected<std::optional<std::size_t>, std::string_view> size_of_first(
    std::span<const std::byte> received) noexcept {
  const auto header = read_header(received);
  if (!header) {
    return std::unexpected(header.error());
  }
  return *header ? std::optional((*header)->size + (*header)->contents) : std::nullopt;
}

void write(ByteWriter& out, std::uint8_t tag, std::span<const std::byte> contents) {
  out.u8(tag);
  if (contents.size() < kLongLength) {
    out.u8(static_cast<std::uint8_t>(contents.size()));
  } else {
    out.u8(kLongLength | 2);
    out.u16(static_cast<std::uint16_t>(contents.size()));
  }
  out.bytes(contents);
}

void write(ByteWriter& out, std::uint8_t tag, std::string_view text) {
  write(out, tag, std::as_bytes(std::span(text)));
}

void write_integer(ByteWriter& out, std::int64_t value, std::uint8_t tag) {
  // The fewest octets whose sign bit is the number's.
  std::size_t octets = 1;
  while (octets < sizeof value && value >> (8 * octets - 1) != 0 &&
         value >> (8 * octets - 1) != -1) {
    ++octets;
  }
  out.u8(tag);
  out.u8(static_cast<std::uint8_t>(octets));
  for (std::size_t i = octets; i-- > 0;) {
    out.u8(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

}  // namespace reachd::ber
