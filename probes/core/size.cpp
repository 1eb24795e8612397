#include "probes/core/size.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace reachd {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 4> kUnits{
    {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}};
constexpr std::uint64_t kLargest = std::uint64_t{1023} << 30U;

}  // namespace

std::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected("\"" + std::string(text.substr(0, 40)) +
                           "\" is not a size: " + std::string(why));
  };
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::result_out_of_range) {
    return wrong("at most 1023GiB");
  }
  if (error != std::errc{}) {
    return wrong("expected a whole number and a unit, such as 512KiB, 256MiB or 1GiB");
  }
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, shift] : kUnits) {
    if (unit == name) {
      if (count > kLargest >> shift) {
        return wrong("at most 1023GiB");
      }
      return count << shift;
    }
  }
  return wrong("the unit is one of B, KiB, MiB, GiB");
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& [name, shift] : kUnits) {
    const std::uint64_t unit = std::uint64_t{1} << shift;
    if (bytes % unit == 0 && bytes >= unit) {
      return std::to_string(bytes >> shift) + std::string(name);
    }
  }
  return "0B";
}

}  // namespace reachd
