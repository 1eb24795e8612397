#include "probes/core/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace reachd {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kLongestMilliseconds = 36'500LL * 86'400'000;

}  // namespace

std::expected<Duration, std::string> parse_duration(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return std::unexpected("\"" + std::string(text.substr(0, 40)) +
                           "\" is not a duration: " + std::string(why));
  };
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc::result_out_of_range) {
    return wrong("at most 36500d");
  }
  if (error != std::errc{} || count < 0) {
    return wrong("expected a whole number and a unit, such as 250ms, 30s, 5m, 1h or 1d");
  }
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() && count == 0) {
    return Duration::zero();
  }
  for (const auto& [name, scale] : kUnits) {
    if (unit == name) {
      if (count > kLongestMilliseconds / scale) {
        return wrong("at most 36500d");
      }
      return milliseconds(count * scale);
    }
  }
  return wrong("the unit is one of ms, s, m, h, d");
}

std::string format_duration(Duration duration) {
  const std::int64_t count = std::chrono::round<milliseconds>(duration).count();
  if (count == 0) {
    return "0s";
  }
  for (const auto& [name, scale] : kUnits) {
    if (count % scale == 0) {
      return std::to_string(count / scale) + std::string(name);
    }
  }
  return std::to_string(count) + "ms";
}

}  // namespace reachd
