#include "daemon/alert/event_reader.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
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

std::optional<std::vector<NumberedEvent>> EventReader::read(const std::shared_ptr<Fetch>& fetch,
                                                            std::int64_t sequence,
                                                            std::int64_t last, std::size_t most) {
  // Beyond `last` there may be many more.
  most = std::min(most, static_cast<std::size_t>(std::max<std::int64_t>(last - sequence, 0)));
  auto found = rows(fetch, sequence, most);
  if (!found) {
    return std::nullopt;
  }
  std::vector<NumberedEvent> events;
  for (journal::EventRow& row : *found) {
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

std::optional<std::vector<journal::EventRow>> EventReader::rows(const std::shared_ptr<Fetch>& fetch,
                                                                std::int64_t sequence,
                                                                std::size_t most) {
  if (auto recent = journal_.recent_events(sequence, most)) {
    return recent;
  }
  if (fetch->under_way) {
    return std::nullopt;
  }
  auto rows = std::exchange(fetch->rows, std::nullopt);
  if (rows && fetch->sequence == sequence && fetch->most == most) {
    return rows;
  }
  fetch->sequence = sequence;
  fetch->most = most;
  fetch->under_way = true;
  // The caller may be gone when it comes.
  journal_.fetch_events(sequence, most,
                        [executor = executor_,
                         asked = std::weak_ptr<Fetch>(fetch)](std::vector<journal::EventRow> came) {
                          boost::asio::post(executor, [asked, came = std::move(came)]() mutable {
                            if (const auto waiting = asked.lock()) {
                              waiting->under_way = false;
                              waiting->rows = std::move(came);
                              waiting->ready();
                            }
                          });
                        });
  return std::nullopt;
}

}  // namespace reachd::alert
