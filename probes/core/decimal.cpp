#include "probes/core/decimal.hpp"

namespace reachd {

void append_seconds(std::string& out, Duration duration, unsigned decimals) {
  static constexpr std::array<std::uint64_t, 10> kPowers = {
      1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};
  const std::int64_t count = duration.count();
  // Unsigned negation also holds for the smallest number.
  const std::uint64_t nanoseconds =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const std::uint64_t whole = nanoseconds / kPowers[9];
  std::uint64_t fraction = nanoseconds % kPowers[9] / kPowers[9 - decimals];
  if (count < 0 && (whole > 0 || fraction > 0)) {
    out += '-';
  }
  append_integer(out, whole);
  if (fraction == 0) {
    return;
  }
  unsigned places = decimals;
  while (fraction % 10 == 0) {
    fraction /= 10;
    --places;
  }
  out += '.';
  for (; places > 0; --places) {
    out += static_cast<char>('0' + fraction / kPowers[places - 1] % 10);
  }
}

}  // namespace reachd
