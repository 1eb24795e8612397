#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "probes/core/bytes.hpp"

namespace reachd::ber {

/// Universal tags that protocols here use (X.690, 8.1.2); a constructed type has bit 6 set.
inline constexpr std::uint8_t kBoolean = 0x01;
inline constexpr std::uint8_t kInteger = 0x02;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kEnumerated = 0x0A;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;

/// One element: its identifier octet and its contents.
struct Element {
  std::uint8_t tag = 0;
  std::span<const std::byte> contents;
};

/// Reads elements of the Basic Encoding Rules (X.690) as LDAP and SNMP restrict them: identifiers
/// of one octet, definite lengths of at most four octets (RFC 4511, 5.1; RFC 3417, 8). What is not
/// well-formed, or of another tag than expected, yields nothing and makes ok() false for good, so a
/// parser may read a whole structure and ask once. Lent: the bytes outlive the reader.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept : left_(bytes) {}

  /// The next element, whatever it is.
  Element next() noexcept;
  /// The contents of the next element, which has this tag.
  std::span<const std::byte> expect(std::uint8_t tag) noexcept;
  /// expect() as characters.
  std::string_view text(std::uint8_t tag = kOctetString) noexcept { return as_text(expect(tag)); }
  /// A two's complement number of 1 to 8 octets (X.690, 8.3).
  std::int64_t integer(std::uint8_t tag = kInteger) noexcept;

  bool ok() const noexcept { return ok_; }
  /// True while there is more to read and nothing was wrong.
  bool more() const noexcept { return ok_ && !left_.empty(); }

 private:
  std::span<const std::byte> left_;
  bool ok_ = true;
};

/// How long the element is that `received` begins with, identifier and length included; nothing
/// while the length's own octets are not all there, an error where they are not of the kind that
/// Reader takes.
std::expected<std::optional<std::size_t>, std::string_view> size_of_first(
    std::span<const std::byte> received) noexcept;

/// Appends an element; the contents are at most 65,535 bytes.
void write(ByteWriter& out, std::uint8_t tag, std::span<const std::byte> contents);
void write(ByteWriter& out, std::uint8_t tag, std::string_view text);
/// A number in the fewest octets (X.690, 8.3.2).
void write_integer(ByteWriter& out, std::int64_t value, std::uint8_t tag = kInteger);

}  // namespace reachd::ber
