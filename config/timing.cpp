#include <algorithm>
#include <array>

#include "config/settings.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMostCount = 1000;

constexpr std::array<std::pair<std::string_view, AddressPolicy>, 3> kAddressPolicies{
    {{"first", AddressPolicy::first},
     {"each_family", AddressPolicy::each_family},
     {"all", AddressPolicy::all}}};

std::uint16_t count(Reader& reader, std::string_view key, std::uint16_t fallback) {
  return static_cast<std::uint16_t>(reader.integer(key, fallback, 1, kMostCount));
}

/// A duration that must not exceed the interval.
Duration within_interval(Reader& reader, std::string_view key, Duration fallback, Duration least,
                         Duration most, Duration interval) {
  const std::size_t errors_before = reader.diagnostics().count();
  const Duration result = reader.duration(key, std::min(fallback, interval), least, most);
  if (result > interval && reader.diagnostics().count() == errors_before) {
    reader.error(key, std::string(key) + " " + format_duration(result) +
                          " is longer than the interval " + format_duration(interval));
  }
  return std::min(result, interval);
}

}  // namespace

Timing read_timing(Reader& reader, const Timing& base) {
  Timing timing = base;
  timing.interval = reader.duration("interval", base.interval, 100ms, 24h * 30);
  timing.timeout = within_interval(reader, "timeout", base.timeout, 1ms, 10min, timing.interval);
  timing.confirm_interval = within_interval(reader, "confirm_interval", base.confirm_interval, 10ms,
                                            24h, timing.interval);
  timing.down_after = count(reader, "down_after", base.down_after);
  timing.up_after = count(reader, "up_after", base.up_after);
  timing.stale_after = count(reader, "stale_after", base.stale_after);
  timing.addresses = reader.choice<AddressPolicy>("addresses", base.addresses, kAddressPolicies);
  timing.handshake_every = reader.duration("handshake_every", base.handshake_every, 0s, 24h * 30);
  if (reader.has("degraded_above")) {
    timing.degraded_above = reader.duration("degraded_above", 10min, 1ms, 10min);
  }
  timing.certificate_near_end =
      reader.duration("certificate_near_end", base.certificate_near_end, 0s, 24h * 3650);
  return timing;
}

}  // namespace reachd::config
