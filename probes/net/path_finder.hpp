#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "probes/core/path.hpp"
#include "probes/net/hop_asker.hpp"
#include "probes/net/trace.hpp"

namespace reachd::net {

/// Which hop a trace asks next, and what path the answers make. Pure: the caller asks, and tells
/// what came of it.
class PathFinder {
 public:
  explicit PathFinder(const TraceOptions& options);

  /// The hop to ask now, which is then under way; none while as many are as there may be, or if no
  /// more is to be asked.
  std::optional<int> next();
  /// Answers to hops that were not asked are ignored.
  void answered(const HopReply& reply);
  /// The time for the answer of a hop that is under way has ended.
  void unanswered(int hop) noexcept;

  /// True once nothing that is under way or could be asked would change the path.
  bool done() const noexcept;
  /// The path as far as it is known; its target and time are left to the caller.
  Path path() const;

 private:
  struct Asked {
    int tries = 0;
    bool under_way = false;
    std::optional<HopReply> reply;
  };
  bool has_room() const noexcept;
  int last_answered() const noexcept;
  int limit() const noexcept;
  std::optional<int> candidate() const noexcept;
  const HopReply* ending() const noexcept;

  const TraceOptions options_;
  std::vector<Asked> hops_;  ///< hops_[0] is hop 1; as far as asked
  int under_way_ = 0;
  int end_;  ///< the nearest hop whose answer ended the way; beyond the last one if none did
};

}  // namespace reachd::net
