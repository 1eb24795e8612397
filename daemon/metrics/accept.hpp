#pragma once

#include <optional>
#include <string_view>

namespace reachd::metrics {

/// One element of an Accept or Accept-Encoding header with its weight in thousandths (RFC 9110,
/// 12.4.2): 1000 where none is written, 0 where it makes no sense. Parameters but `q` are dropped.
struct Weighted {
  std::string_view value;
  int weight = 1000;
};

/// Takes the first element off the front of `list`; nothing at its end.
std::optional<Weighted> next_weighted(std::string_view& list) noexcept;

}  // namespace reachd::metrics
