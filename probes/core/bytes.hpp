#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reachd {

/// The same bytes as characters.
std::string_view as_text(std::span<const std::byte> bytes) noexcept;
/// Two hexadecimal digits a byte, in lower case.
std::string to_hex(std::span<const std::byte> bytes);

/// Reads numbers in network order (big-endian) from bytes that nobody vouches for. A read beyond
/// the end yields zeros or nothing and makes ok() false for good, so a parser may read a whole
/// structure and ask once. Lent: the bytes outlive the reader.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() noexcept { return number(8); }
  /// The next `count` bytes; empty if there are not as many.
  std::span<const std::byte> take(std::size_t count) noexcept;
  /// take() as characters.
  std::string_view text(std::size_t count) noexcept;
  /// Goes on at `position` from the beginning, forwards or back.
  void seek(std::size_t position) noexcept;

  bool ok() const noexcept { return ok_; }
  std::size_t position() const noexcept { return position_; }
  std::size_t left() const noexcept { return bytes_.size() - position_; }

 private:
  std::uint64_t number(std::size_t size) noexcept;

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

/// Appends numbers in network order (big-endian); never more than `most` bytes: what goes beyond is
/// dropped and makes ok() false for good.
class ByteWriter {
 public:
  explicit ByteWriter(std::size_t most) : most_(most) {}

  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void bytes(std::span<const std::byte> data);
  void text(std::string_view data) { bytes(std::as_bytes(std::span(data))); }
  /// Overwrites two bytes that were written before: lengths that are known only later.
  void set_u16(std::size_t position, std::uint16_t value) noexcept;

  bool ok() const noexcept { return ok_; }
  std::size_t size() const noexcept { return data_.size(); }
  const std::vector<std::byte>& data() const noexcept { return data_; }

 private:
  void number(std::uint64_t value, std::size_t size);

  std::size_t most_;
  std::vector<std::byte> data_;
  bool ok_ = true;
};

}  // namespace reachd
