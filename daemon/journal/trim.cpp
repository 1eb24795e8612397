#include "daemon/journal/trim.hpp"

#include <algorithm>
#include <string>

namespace reachd::journal {
namespace {

/// Where the file is too big, this part of the time it covers goes at once.
constexpr std::int64_t kPart = 64;
/// What is younger is not given up, whatever the size.
constexpr std::int64_t kYoungest = Duration(std::chrono::minutes(1)).count();
/// Checks whose transitions are looked through in one step.
constexpr std::int64_t kChecksAtOnce = 200;
constexpr int kPagesAtOnce = 256;

std::uint64_t bytes_in_use(sqlite::Connection& connection) {
  const std::int64_t pages =
      connection.number("PRAGMA page_count") - connection.number("PRAGMA freelist_count");
  return static_cast<std::uint64_t>(pages * connection.number("PRAGMA page_size"));
}

/// The time of the oldest event that may go, or else of the oldest run.
std::int64_t oldest(sqlite::Connection& connection) {
  const std::int64_t event = connection.number(
      "SELECT time FROM events WHERE sequence < (SELECT max(sequence) FROM events) "
      "ORDER BY time LIMIT 1");
  return event != 0 ? event : connection.number("SELECT min(began) FROM runs");
}

/// The first run that reaches beyond `cut`, or whose states one that does goes on with.
std::int64_t first_needed_run(sqlite::Connection& connection, std::int64_t cut) {
  sqlite::Statement runs(connection,
                         "SELECT number, coalesce(ended, alive) >= ?, continues FROM runs "
                         "ORDER BY number DESC");
  std::int64_t needed = 0;
  bool wanted = true;  // the newest always is
  runs.bind(cut);
  while (runs.step()) {
    const bool needs_this = wanted || runs.integer(1) != 0;
    if (needs_this) {
      needed = runs.integer(0);
    }
    wanted = needs_this && runs.integer(2) != 0;
  }
  return needed;
}

}  // namespace

bool Trimmer::step(sqlite::Connection& connection, WallTime now, TimePoint steady) {
  switch (phase_) {
    case Phase::idle:
      return begin(connection, now.time_since_epoch().count(), steady);
    case Phase::events:
      if (!trim_events(connection)) {
        first_run_ = first_needed_run(connection, cut_);
        at_check_ = 0;
        phase_ = Phase::transitions;
      }
      return true;
    case Phase::transitions:
      if (!trim_transitions(connection)) {
        phase_ = Phase::checks;
      }
      return true;
    case Phase::checks:
      if (!trim_checks(connection)) {
        phase_ = Phase::vacuum;
      }
      return true;
    case Phase::vacuum:
      connection.execute("PRAGMA incremental_vacuum(" + std::to_string(kPagesAtOnce) + ")");
      if (connection.number("PRAGMA freelist_count") != 0) {
        return true;
      }
      phase_ = Phase::idle;
      return begin(connection, now.time_since_epoch().count(), steady);
  }
  return false;
}

bool Trimmer::begin(sqlite::Connection& connection, std::int64_t now, TimePoint steady) {
  if (!next_round_) {
    next_round_ = steady + kFirst;
  }
  const bool by_age = steady >= *next_round_;
  if (!by_age && steady < next_look_) {
    return false;
  }
  const bool was_too_big = std::exchange(too_big_, bytes_in_use(connection) > max_bytes_);
  const std::int64_t base = std::max(oldest(connection), was_too_big ? cut_ : 0);
  if (!by_age && (!too_big_ || now - base < kYoungest)) {
    next_look_ = steady + kLookEvery;
    too_big_ = false;
    return false;
  }
  cut_ = now - max_age_.count();
  if (too_big_) {
    cut_ = std::max(cut_, base + (now - base) / kPart);
  }
  if (by_age) {
    next_round_ = steady + kEvery;
  }
  phase_ = Phase::events;
  return true;
}

bool Trimmer::trim_events(sqlite::Connection& connection) const {
  sqlite::Statement statement(
      connection,
      "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events WHERE time < ?1 AND "
      "sequence < (SELECT max(sequence) FROM events) AND "
      "(?2 OR sequence <= (SELECT coalesce(min(sequence), 9223372036854775807) FROM cursors)) "
      "LIMIT ?3)");
  statement.bind(cut_, too_big_, kMostRows).run();
  return connection.changes() > 0;
}

bool Trimmer::trim_transitions(sqlite::Connection& connection) {
  const std::int64_t last = connection.number("SELECT max(number) FROM checks");
  const std::int64_t to = std::min(last, at_check_ + kChecksAtOnce);
  sqlite::Transaction transaction(connection);
  // Of each run, what was the state at the cut stays.
  sqlite::Statement statement(
      connection,
      "DELETE FROM transitions AS t WHERE check_number > ?1 AND check_number <= ?2 AND "
      "(run < ?3 OR (time < ?4 AND EXISTS (SELECT 1 FROM transitions AS later WHERE "
      "later.check_number = t.check_number AND later.run = t.run AND later.time > t.time AND "
      "later.time <= ?4)))");
  statement.bind(at_check_, to, first_run_, cut_).run();
  at_check_ = to;
  if (to == last) {
    sqlite::Statement runs(connection, "DELETE FROM runs WHERE number < ?");
    runs.bind(first_run_).run();
  }
  transaction.commit();
  return to < last;
}

bool Trimmer::trim_checks(sqlite::Connection& connection) {
  sqlite::Statement statement(
      connection,
      "DELETE FROM checks WHERE number IN (SELECT number FROM checks WHERE gone AND NOT EXISTS "
      "(SELECT 1 FROM transitions WHERE check_number = number) LIMIT ?)");
  statement.bind(kMostRows).run();
  const bool removed = connection.changes() > 0;
  removed_checks_ = removed_checks_ || removed;
  return removed;
}

}  // namespace reachd::journal
