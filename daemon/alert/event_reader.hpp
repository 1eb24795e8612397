#pragma once

#include <array>
#include <cstdint>
#include <memory>
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

/// Reads events for the feeders. They mostly read the same ones at the same time: what was read
/// last is kept, so that each is parsed once. One thread.
class EventReader {
 public:
  explicit EventReader(const journal::Journal& journal) : journal_(journal) {}

  /// The events after `sequence` up to `last`, in their order, at most `most`.
  std::vector<NumberedEvent> read(std::int64_t sequence, std::int64_t last, std::size_t most);

 private:
  static constexpr std::size_t kKept = 256;

  const journal::Journal& journal_;
  std::array<NumberedEvent, kKept> kept_;  ///< each at its sequence modulo the size
};

}  // namespace reachd::alert
