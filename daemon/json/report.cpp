#include "daemon/json/report.hpp"

#include <chrono>

namespace reachd::json {
namespace {

void write_times(Writer& out, const journal::Availability& row) {
  out.member("up", row.up).member("degraded", row.degraded).member("down", row.down);
  out.member("not_observed", row.not_observed);
  // A part of one is written like seconds are: at most six places, cut.
  std::optional<Duration> part;
  if (const auto available = row.available()) {
    part = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*available));
  }
  out.member("availability", part);
}

}  // namespace

void write_report(Writer& out, WallTime from, WallTime to,
                  std::span<const journal::Availability> checks) {
  out.begin_object().member("from", from).member("to", to);
  out.key("checks").begin_array();
  for (const journal::Availability& row : checks) {
    out.begin_object().member("check", row.check).member("name", row.name);
    out.key("product").value_or_null(row.product).key("device").value_or_null(row.device);
    write_times(out, row);
    if (!row.slots.empty()) {
      out.member("timeline", row.slots);
    }
    out.end_object();
  }
  out.end_array().key("products").begin_array();
  for (const journal::Availability& row : journal::by_product(checks)) {
    out.begin_object().key("product").value_or_null(row.product);
    write_times(out, row);
    out.end_object();
  }
  out.end_array().key("devices").begin_array();
  for (const journal::Availability& row : journal::by_device(checks)) {
    out.begin_object().member("device", row.device);
    write_times(out, row);
    out.end_object();
  }
  out.end_array().end_object();
}

}  // namespace reachd::json
