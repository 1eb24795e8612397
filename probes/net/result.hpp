#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <expected>

#include "probes/core/outcome.hpp"

namespace reachd::net {

using boost::system::error_code;

/// What a step of a probe yields: a value, or why it failed.
template <typename T>
using Result = std::expected<T, Failure>;

/// Of one read or write. Trivially destructible on purpose: cheap to await.
struct IoResult {
  error_code ec;
  std::size_t count = 0;
};

}  // namespace reachd::net
