#include "daemon/alert/event_reader.hpp"

#include <algorithm>
#include <utility>

#include "daemon/json/event.hpp"
#include "daemon/log/log.hpp"

namespace reachd::alert {
namespace {

std::shared_ptr<const ReadEvent> parsed(journal::EventRow&& row) {
  auto event = json::read_event(row.body);
  if (!event) {
    log::error("an event of the journal can't be read and is not delivered",
               {{"event", row.id}, {"error", event.error()}});
    return nullptr;
  }
  return std::make_shared<const ReadEvent>(
      ReadEvent{.json = std::move(row.body), .event = std::move(*event)});
}

}  // namespace

std::vector<NumberedEvent> EventReader::read(std::int64_t sequence, std::int64_t last,
                                             std::size_t most) {
  std::vector<NumberedEvent> events;
  // Beyond `last` there may be many more.
  most = std::min(most, static_cast<std::size_t>(std::max<std::int64_t>(last - sequence, 0)));
  for (journal::EventRow& row : journal_.next_events(sequence, most)) {
    if (row.sequence > last) {
      break;
    }
    NumberedEvent& kept = kept_[static_cast<std::uint64_t>(row.sequence) % kKept];
    if (kept.sequence != row.sequence) {
      kept.sequence = row.sequence;
      kept.time = row.time;
      kept.event = parsed(std::move(row));
    }
    events.push_back(kept);
  }
  return events;
}

}  // namespace reachd::alert
