#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/selector.hpp"
#include "daemon/journal/reading.hpp"
#include "daemon/web/http.hpp"
#include "probes/core/clock.hpp"

namespace reachd::web {

/// Which events somebody wants to see: `kind` (repeated: any), and selectors as in ListQuery
/// (`check=glob`, `product=...`, `label.KEY=...`; different keys are and, a repeated one is or).
class EventFilter {
 public:
  /// Takes a pair of the query that is its business; false: it is not. The error is a sentence.
  std::expected<bool, std::string> take(const std::string& key, const std::string& value);
  bool matches(const journal::EventRow& row) const;

 private:
  struct Group {
    std::string key;
    std::vector<config::Selector> any_of;
  };
  std::vector<std::string> kinds_;
  std::vector<Group> groups_;
};

/// /api/v1/events: {"events": [...], "next": ID or null}, the newest first unless `order=asc`.
/// `since`, `until`: RFC 3339, or how long ago ("2h"); `before`, `after`: an event's id, so that
/// `next` goes on (with `before`, or with `after` where `order=asc`); `limit` at most 1000. Blocks
/// for the disk.
Response events(const journal::Reading& journal, const Request& request, WallTime now);

/// /api/v1/report: json::write_report over `window=24h` (the default; any duration), or `from` and
/// `to`, times as above; `slots=96` adds each check's timeline. Blocks for the disk.
Response report(const journal::Reading& journal, const Request& request, WallTime now);

/// Where a stream goes on after this event, which may be older than what is kept: the sequence of
/// the last event that is not to be shown again. Nothing for what is no id. The error is a
/// sentence: the journal can't be read. Blocks for the disk.
std::expected<std::optional<std::int64_t>, std::string> sequence_after(
    const journal::Reading& journal, const std::string& event_id);

/// A server-sent event (WHATWG HTML, 9.2): its id, its kind as the name, its JSON as the data.
void append_stream_event(std::string& out, const journal::EventRow& row);

/// An answer that says what is wrong: {"error": ...}
Response json_error(unsigned status, std::string_view message);

}  // namespace reachd::web
