#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/journal/desk.hpp"
#include "daemon/journal/file_reading.hpp"
#include "daemon/journal/reading.hpp"
#include "daemon/log/log.hpp"

namespace reachd::journal {

/// What is in the file and, laid over it, what is not saved yet. Thread-safe; the lent objects
/// outlive it; the desk is shared, because a disk that hangs may keep a reader for good.
class LiveReading final : public Reading {
 public:
  LiveReading(const std::string& folder, const Clock& clock, std::shared_ptr<Desk> desk);

  /// As of Journal.
  std::vector<EventRow> next_events(std::int64_t sequence, std::size_t most) const;
  std::optional<std::vector<EventRow>> recent_events(std::int64_t sequence, std::size_t most) const;

  std::expected<std::vector<EventRow>, std::string> events(const EventQuery& query) const override;
  std::expected<std::optional<std::int64_t>, std::string> sequence_of(
      const std::string& event_id) const override;
  std::int64_t last_sequence() const override;
  std::expected<std::vector<Availability>, std::string> availability(
      WallTime from, WallTime to, std::size_t slots) const override;

 private:
  const std::string path_;
  const Clock& clock_;
  const std::shared_ptr<Desk> desk_;
  const std::unique_ptr<Reading> file_;
  // Under the desk's mutex.
  mutable log::RareWarning unreadable_;
  mutable std::optional<TimePoint> unreadable_since_;
};

}  // namespace reachd::journal
