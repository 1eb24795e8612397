#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "probes/core/probe.hpp"
#include "probes/core/value.hpp"

namespace reachd::config {

/// Where a requirement's port is known from, the strongest first (contract, 1).
enum class Evidence : std::uint8_t {
  operator_,
  vendor,
  vendor_rule,
  sibling,
  device,
  third_party,
  general
};
/// Seen from the product's host: outbound connections are opened by it.
enum class Direction : std::uint8_t { outbound, inbound, unknown };
std::string_view to_string(Evidence) noexcept;
std::string_view to_string(Direction) noexcept;

/// One row of a product's port list. Immutable and shared: 100,000 checks may point at a few.
struct Requirement {
  std::string id;
  std::string product;
  std::string ref;  ///< of the vendor's list; empty if `table` is set
  std::string table;
  std::string purpose;
  Direction direction = Direction::outbound;
  std::string from;
  std::string to;
  std::optional<Transport> transport;  ///< none: nobody says
  std::string protocol;                ///< application protocol, empty: nobody says
  std::string port;                    ///< "443", a pattern "33nn", or empty: nobody says
  bool fixed = false;
  Necessity necessity = Necessity::optional;
  std::string condition;
  Evidence evidence = Evidence::general;
  std::vector<std::string> sources;
};

}  // namespace reachd::config
