#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// The answer to "which addresses has this name", shared by all who asked.
using Answer = std::shared_ptr<const Result<std::vector<IpAddress>>>;

/// Answers by question, each until its time is over; never more than `most`. Not thread-safe.
class AnswerCache {
 public:
  explicit AnswerCache(std::size_t most) : most_(most) {}

  /// Null if there is none that is still good.
  Answer find(const std::string& question, TimePoint now) const;
  /// Replaces an older answer; when full, answers that are over go first, then any.
  void store(const std::string& question, Answer answer, TimePoint until, TimePoint now);
  void clear() noexcept { entries_.clear(); }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    Answer answer;
    TimePoint until;
  };

  std::size_t most_;
  std::unordered_map<std::string, Entry> entries_;
  TimePoint next_sweep_{};
};

}  // namespace reachd::net
