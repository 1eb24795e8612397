#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/availability.hpp"
#include "daemon/journal/batch.hpp"
#include "daemon/journal/reading.hpp"
#include "daemon/journal/sqlite.hpp"

/// What can be read out of the file, and how what is not saved yet is laid over it.
namespace reachd::journal {

/// What a daemon says at least so often that it runs.
inline constexpr Duration kHeartbeat = std::chrono::minutes(1);

/// True if an event of this kind and check, with this place and time, is asked for.
bool fits(const EventQuery& query, std::int64_t sequence, WallTime time, std::string_view kind,
          std::string_view check);

/// Throws sqlite::Error.
std::vector<EventRow> read_events(sqlite::Connection& connection, const EventQuery& query);

/// What availability is made of.
struct History {
  struct Check {
    std::string name;
    std::string product;
    std::string device;
    bool configured = false;
    std::vector<Change> changes;  ///< by run, then time
  };
  std::vector<RunRow> runs;             ///< by number
  std::map<std::string, Check> checks;  ///< by id
};

/// What is needed for the window, and at least that. The newest run is taken to go on until `now`
/// where its last sign of life is younger than one and a half of kHeartbeat. Throws sqlite::Error.
History read_history(sqlite::Connection& connection, WallTime from, WallTime to, WallTime now);
/// What is not in the file yet.
void overlay(History& history, const Batch& unsaved);
/// `slots`: as of Reading::availability.
std::vector<Availability> availability_of(const History& history, WallTime from, WallTime to,
                                          std::size_t slots);

}  // namespace reachd::journal
