#include "daemon/event/ulid.hpp"

#include <algorithm>
#include <random>

namespace reachd::event {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kLength = 26;
constexpr std::uint64_t kMostMilliseconds = (std::uint64_t{1} << 48U) - 1;

/// Adds one; false if it came around to zero.
bool increment(std::array<std::uint8_t, 10>& bytes) noexcept {
  return std::ranges::any_of(bytes.rbegin(), bytes.rend(),
                             [](std::uint8_t& byte) { return ++byte != 0; });
}

/// 128 bits as 26 characters of five bits; the first holds three.
std::string encode(std::uint64_t milliseconds, const std::array<std::uint8_t, 10>& chance) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (5 - i)));
  }
  std::ranges::copy(chance, bytes.begin() + 6);
  std::string text(kLength, '0');
  std::uint32_t window = 0;
  unsigned bits = 2;  // two zero bits make 130 of 128
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    window = (window << 8U) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text[at++] = kAlphabet[(window >> bits) & 31U];
    }
  }
  return text;
}

std::uint64_t milliseconds_of(std::string_view ulid) noexcept {
  std::uint64_t milliseconds = 0;
  for (const char c : ulid.substr(0, 10)) {
    milliseconds = (milliseconds << 5U) | kAlphabet.find(c);
  }
  return milliseconds;
}

}  // namespace

std::string UlidMaker::make(WallTime now) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::uint64_t milliseconds =
      since_epoch < 0 ? 0 : std::min(static_cast<std::uint64_t>(since_epoch), kMostMilliseconds);
  if (milliseconds > milliseconds_) {
    milliseconds_ = milliseconds;
    std::random_device device;
    std::ranges::generate(chance_, [&] { return static_cast<std::uint8_t>(device()); });
  } else if (!increment(chance_)) {
    ++milliseconds_;
  }
  return encode(milliseconds_, chance_);
}

void UlidMaker::go_on_after(std::string_view ulid) noexcept {
  if (is_ulid(ulid)) {
    milliseconds_ = std::max(milliseconds_, milliseconds_of(ulid) + 1);
  }
}

bool is_ulid(std::string_view text) noexcept {
  return text.size() == kLength && text.front() <= '7' &&
         text.find_first_not_of(kAlphabet) == std::string_view::npos;
}

std::optional<WallTime> ulid_time(std::string_view text) noexcept {
  // What nanoseconds since 1970 can't hold is nobody's event.
  constexpr std::uint64_t kMost = 9'000'000'000'000;
  if (!is_ulid(text) || milliseconds_of(text) > kMost) {
    return std::nullopt;
  }
  return WallTime(std::chrono::milliseconds(milliseconds_of(text)));
}

}  // namespace reachd::event
