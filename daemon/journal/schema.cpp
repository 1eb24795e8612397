#include <array>

#include "daemon/journal/store.hpp"

namespace reachd::journal {
namespace {

/// Times are nanoseconds since 1970. Transitions are stored in the order in which they are read: a
/// check's, run by run. A check that is gone keeps its row while there are transitions of it.
constexpr std::string_view kFirst = R"sql(
CREATE TABLE events(
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  time INTEGER NOT NULL,
  kind TEXT NOT NULL,
  check_id TEXT NOT NULL,
  body TEXT NOT NULL) STRICT;
CREATE INDEX events_id ON events(id);
CREATE INDEX events_time ON events(time);
CREATE INDEX events_check ON events(check_id);
CREATE TABLE checks(
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL DEFAULT '',
  product TEXT NOT NULL DEFAULT '',
  device TEXT NOT NULL DEFAULT '',
  state INTEGER NOT NULL DEFAULT 0,
  since INTEGER NOT NULL DEFAULT 0,
  has_been_up INTEGER NOT NULL DEFAULT 0,
  extra TEXT NOT NULL DEFAULT '',
  gone INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE TABLE runs(
  number INTEGER PRIMARY KEY,
  began INTEGER NOT NULL,
  alive INTEGER NOT NULL,
  ended INTEGER,
  continues INTEGER NOT NULL) STRICT;
CREATE TABLE transitions(
  check_number INTEGER NOT NULL,
  run INTEGER NOT NULL,
  time INTEGER NOT NULL,
  state INTEGER NOT NULL,
  PRIMARY KEY(check_number, run, time)) STRICT, WITHOUT ROWID;
CREATE TABLE alerts(key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE cursors(sink TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
)sql";

constexpr std::array kSteps{kFirst};

}  // namespace

std::span<const std::string_view> schema_steps() noexcept { return kSteps; }

void migrate(sqlite::Connection& connection, std::span<const std::string_view> steps) {
  const std::int64_t version = connection.number("PRAGMA user_version");
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (version > newest) {
    throw NewerSchema("its version is " + std::to_string(version) +
                      ", of a later reachd; this one knows " + std::to_string(newest));
  }
  if (version == newest) {
    return;
  }
  sqlite::Transaction transaction(connection);
  for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
    connection.execute(std::string(steps[step]));
  }
  connection.execute("PRAGMA user_version = " + std::to_string(newest));
  transaction.commit();
}

}  // namespace reachd::journal
