#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "daemon/alert/sink.hpp"

namespace reachd::alert {

/// Gets rid of one batch by calls that may hang for as long as they like. The error is a sentence:
/// nothing of the batch got there.
using Work = std::function<std::expected<void, std::string>()>;

struct BlockingOptions {
  std::size_t most_at_once = 1;
  std::string
      silence;  ///< what is said when the work does not come back: "the disk does not answer"
  /// Makes the work of one batch, which outlives the deliveries. Alert thread.
  std::function<Work(std::span<const Delivery>)> prepare;
};

/// A sink that does its work on a thread of its own, of which there is never more than one.
std::shared_ptr<Sink> make_blocking_sink(BlockingOptions options);

}  // namespace reachd::alert
