#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/event.hpp"
#include "daemon/journal/journal.hpp"

namespace reachd::alert {

/// An event as all sinks share it.
struct ReadEvent {
  std::string json;  ///< one line, as it is in the journal
  event::Event event;
};

/// An event of the journal.
struct NumberedEvent {
  std::int64_t sequence = 0;
  WallTime time{};
  std::shared_ptr<const ReadEvent> event;  ///< null: what the journal has can't be read
};

/// What one feeder has asked of the disk: one thing at a time.
struct Fetch {
  std::int64_t sequence = 0;
  std::size_t most = 0;
  bool under_way = false;
  std::optional<std::vector<journal::EventRow>> rows;  ///< what came
  std::function<void()> ready;                         ///< called when it came
};

/// Reads events for the feeders. They mostly read the same ones at the same time: what was read
/// last is kept, so that each is parsed once. One thread, which never waits for the disk.
class EventReader {
 public:
  EventReader(journal::Journal& journal, boost::asio::any_io_executor executor)
      : journal_(journal), executor_(std::move(executor)) {}

  /// The events after `sequence` up to `last`, in their order, at most `most`. Nothing yet where
  /// the disk has them: `fetch`, which is the caller's, says when to ask again.
  std::optional<std::vector<NumberedEvent>> read(const std::shared_ptr<Fetch>& fetch,
                                                 std::int64_t sequence, std::int64_t last,
                                                 std::size_t most);

 private:
  static constexpr std::size_t kKept = 256;

  std::optional<std::vector<journal::EventRow>> rows(const std::shared_ptr<Fetch>& fetch,
                                                     std::int64_t sequence, std::size_t most);

  journal::Journal& journal_;
  const boost::asio::any_io_executor executor_;
  std::array<NumberedEvent, kKept> kept_;  ///< each at its sequence modulo the size
};

}  // namespace reachd::alert
