#include "probes/core/bytes.hpp"

#include <algorithm>
#include <array>

namespace reachd {

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  // Any object may be looked at as characters.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4U)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0x0f})];
  }
  return text;
}

std::span<const std::byte> ByteReader::take(std::size_t count) noexcept {
  if (!ok_ || count > left()) {
    ok_ = false;
    return {};
  }
  const auto taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

std::string_view ByteReader::text(std::size_t count) noexcept { return as_text(take(count)); }

void ByteReader::seek(std::size_t position) noexcept {
  if (position > bytes_.size()) {
    ok_ = false;
    return;
  }
  position_ = position;
}

std::uint64_t ByteReader::number(std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (const std::byte byte : take(size)) {
    value = value << 8 | std::to_integer<std::uint64_t>(byte);
  }
  return value;
}

void ByteWriter::bytes(std::span<const std::byte> data) {
  if (!ok_ || data.size() > most_ - data_.size()) {
    ok_ = false;
    return;
  }
  data_.insert(data_.end(), data.begin(), data.end());
}

void ByteWriter::set_u16(std::size_t position, std::uint16_t value) noexcept {
  if (position + 2 > data_.size()) {
    ok_ = false;
    return;
  }
  data_[position] = static_cast<std::byte>(value >> 8);
  data_[position + 1] = static_cast<std::byte>(value & 0xffu);
}

void ByteWriter::number(std::uint64_t value, std::size_t size) {
  std::array<std::byte, 8> wire{};
  for (std::size_t index = 0; index < size; ++index) {
    wire[index] = static_cast<std::byte>(value >> (8 * (size - 1 - index)));
  }
  bytes(std::span(wire).first(size));
}

}  // namespace reachd
