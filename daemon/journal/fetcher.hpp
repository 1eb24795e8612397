#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "daemon/journal/live_reading.hpp"

namespace reachd::journal {

/// Reads events for those who must not wait for the disk, on a thread of its own that the first
/// call starts. A disk that hangs when this stops keeps that thread, which has all that it needs.
/// stop() apart, thread-safe.
class Fetcher {
 public:
  using Done = std::function<void(std::vector<EventRow>)>;

  explicit Fetcher(std::shared_ptr<const LiveReading> reading);
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;
  ~Fetcher() { stop(); }

  /// As of Journal.
  void fetch(std::int64_t sequence, std::size_t most, Done done);
  /// Answers nobody any more. Idempotent.
  void stop();

 private:
  struct Shared;

  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace reachd::journal
