#include "daemon/journal/history.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "daemon/journal/store.hpp"
#include "probes/core/glob.hpp"

namespace reachd::journal {
namespace {

std::vector<RunRow> read_runs(sqlite::Connection& connection, WallTime now) {
  std::vector<RunRow> runs;
  sqlite::Statement rows(connection,
                         "SELECT number, began, alive, ended, continues FROM runs ORDER BY number");
  while (rows.step()) {
    runs.push_back(
        {.number = rows.integer(0),
         .began = to_time(rows.integer(1)),
         .alive = to_time(rows.integer(2)),
         .ended = rows.is_null(3) ? std::nullopt : std::optional(to_time(rows.integer(3))),
         .continues = rows.integer(4) != 0});
  }
  if (!runs.empty() && !runs.back().ended && runs.back().alive < now &&
      now - runs.back().alive < kHeartbeat + kHeartbeat / 2) {
    runs.back().alive = now;
  }
  return runs;
}

/// Leaves only what the window needs: the runs that reach into it, and those whose states they go
/// on with. The number of the first run that reaches into it.
std::int64_t drop_earlier(std::vector<RunRow>& runs, WallTime from) {
  const auto reaches = [&](const RunRow& run) { return run.ended.value_or(run.alive) > from; };
  auto first = std::ranges::find_if(runs, reaches);
  if (first == runs.end()) {
    runs.clear();
    return 0;
  }
  const std::int64_t number = first->number;
  while (first != runs.begin() && first->continues) {
    --first;
  }
  runs.erase(runs.begin(), first);
  return number;
}

bool has_wildcards(std::string_view glob) {
  return glob.find_first_of("*?") != std::string_view::npos;
}

}  // namespace

bool fits(const EventQuery& query, std::int64_t sequence, WallTime time, std::string_view kind,
          std::string_view check) {
  return (!query.after || sequence > *query.after) && (!query.before || sequence < *query.before) &&
         (!query.since || time >= *query.since) && (!query.until || time <= *query.until) &&
         (query.kinds.empty() || std::ranges::find(query.kinds, kind) != query.kinds.end()) &&
         (query.check.empty() || glob_matches(query.check, check));
}

std::vector<EventRow> read_events(sqlite::Connection& connection, const EventQuery& query) {
  // In the order of the sequence as the table has it, not by the index on time: a year of events
  // must not be sorted to show the newest ten.
  const bool exact = !query.check.empty() && !has_wildcards(query.check);
  sqlite::Statement rows(
      connection,
      std::string("SELECT sequence, time, kind, check_id, id, body FROM events "
                  "WHERE sequence > ?1 AND sequence < ?2") +
          (exact ? " AND check_id = ?3" : " AND ?3 IS NOT NULL") +
          (query.since || query.until ? " AND +time >= ?4 AND +time <= ?5" : " AND ?4 <= ?5") +
          (query.newest_first ? " ORDER BY sequence DESC" : " ORDER BY sequence"));
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  rows.bind(query.after.value_or(-1), query.before.value_or(kMost), query.check,
            query.since ? to_number(*query.since) : -kMost,
            query.until ? to_number(*query.until) : kMost);
  std::vector<EventRow> events;
  while (events.size() < query.limit && rows.step()) {
    if (fits(query, rows.integer(0), to_time(rows.integer(1)), rows.text(2), rows.text(3))) {
      events.push_back({.sequence = rows.integer(0),
                        .id = std::string(rows.text(4)),
                        .time = to_time(rows.integer(1)),
                        .kind = std::string(rows.text(2)),
                        .check = std::string(rows.text(3)),
                        .body = std::string(rows.text(5))});
    }
  }
  return events;
}

History read_history(sqlite::Connection& connection, WallTime from, WallTime to, WallTime now) {
  History history;
  history.runs = read_runs(connection, now);
  const std::int64_t reaching = drop_earlier(history.runs, from);
  sqlite::Statement checks(connection,
                           "SELECT number, id, name, product, device, NOT gone FROM checks");
  sqlite::Statement rows(connection,
                         "SELECT run, time, state FROM transitions WHERE check_number = ? AND "
                         "run >= ? ORDER BY run DESC, time DESC");
  while (checks.step()) {
    History::Check& check = history.checks[std::string(checks.text(1))];
    check = {.name = std::string(checks.text(2)),
             .product = std::string(checks.text(3)),
             .device = std::string(checks.text(4)),
             .configured = checks.integer(5) != 0,
             .changes = {}};
    if (history.runs.empty()) {
      continue;
    }
    rows.bind(checks.integer(0), history.runs.front().number);
    while (rows.step()) {
      const Change change{.run = rows.integer(0),
                          .time = to_time(rows.integer(1)),
                          .state = static_cast<std::uint8_t>(rows.integer(2))};
      if (change.time < to) {
        check.changes.push_back(change);
      }
      if (change.time <= from && change.run <= reaching) {
        break;  // what was before it says nothing about the window
      }
    }
    rows.reset();
    std::ranges::reverse(check.changes);
  }
  return history;
}

void overlay(History& history, const Batch& unsaved) {
  for (const auto& [number, run] : unsaved.runs) {
    const auto place = std::ranges::lower_bound(history.runs, number, {}, &RunRow::number);
    if (place != history.runs.end() && place->number == number) {
      *place = run;
    } else {
      history.runs.insert(place, run);
    }
  }
  for (const auto& [id, row] : unsaved.checks) {
    if (row) {
      History::Check& check = history.checks[id];
      check.name = row->name;
      check.product = row->product;
      check.device = row->device;
      check.configured = true;
    } else if (const auto place = history.checks.find(id); place != history.checks.end()) {
      place->second.configured = false;
    }
  }
  for (const Step& step : unsaved.steps) {
    auto& changes = history.checks[step.check].changes;
    WallTime time = step.time;
    if (!changes.empty() && changes.back().run == step.run) {
      time = std::max(time, changes.back().time);
    }
    changes.push_back({.run = step.run, .time = time, .state = step.state});
  }
}

std::vector<Availability> availability_of(const History& history, WallTime from, WallTime to,
                                          std::size_t slots) {
  const std::vector<Piece> pieces = pieces_of(history.runs, from, to);
  std::vector<Availability> all;
  for (const auto& [id, check] : history.checks) {
    const Sums sums = sums_of(history.runs, pieces, check.changes, from, to);
    if (check.configured || sums.up + sums.degraded + sums.down > Duration::zero()) {
      all.push_back({.check = id,
                     .name = check.name,
                     .product = check.product,
                     .device = check.device,
                     .up = sums.up,
                     .degraded = sums.degraded,
                     .down = sums.down,
                     .not_observed = sums.not_observed,
                     .slots = slots_of(history.runs, pieces, check.changes, from, to, slots)});
    }
  }
  return all;
}

}  // namespace reachd::journal
