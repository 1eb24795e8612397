#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/journal/batch.hpp"
#include "daemon/journal/journal.hpp"
#include "daemon/journal/sqlite.hpp"

namespace reachd::journal {

/// The steps from one version of the schema to the next, beginning with an empty file.
std::span<const std::string_view> schema_steps() noexcept;

/// The file was written by a later reachd; it is left alone.
class NewerSchema : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Brings a file to the version that is `steps.size()`, each step in one transaction. Throws
/// NewerSchema for a file beyond it.
void migrate(sqlite::Connection& connection, std::span<const std::string_view> steps);

/// Where nobody can read which numbers events and runs were given: beyond all of them, as those
/// grow by one a time and this by a million a second.
std::int64_t fresh_number(WallTime now) noexcept;

/// What a file remembered.
struct Opened {
  Kept kept;
  std::int64_t last_run = 0;
};
/// Reads it. With `salvage` the file may be damaged: what can't be read is left out.
Opened read_opened(sqlite::Connection& connection, bool salvage);

/// The file as its one writer sees it. Throws sqlite::Error, NewerSchema. One thread.
class Store {
 public:
  /// Opens or makes the file, brings it to the newest version and looks whether it is sound: all of
  /// it up to kCheckedWhole bytes (0.2 s), beyond that the rows of state, because that takes too
  /// long on a slow disk. An index that does not fit the rows is made anew.
  explicit Store(const std::string& path);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  /// One transaction. A step whose time lies before that of the check's last one is moved there:
  /// within a run time does not go back. May be repeated where nobody knows how it ended.
  void commit(const Batch& batch);
  /// Rows of checks were removed.
  void forget() noexcept { known_.clear(); }
  sqlite::Connection& connection() noexcept { return connection_; }

  static constexpr std::uintmax_t kCheckedWhole = std::uintmax_t{64} << 20U;

 private:
  struct Known {
    std::int64_t number = 0;
    std::int64_t run = 0;
    std::int64_t last = 0;  ///< time of its last step in this run
  };
  struct Statements;

  Known& known(const std::string& check);
  void write_events(const Batch& batch);
  void write_state(const Batch& batch);
  void write_steps(const Batch& batch);

  sqlite::Connection connection_;
  std::unique_ptr<Statements> statements_;
  std::unordered_map<std::string, Known> known_;
};

/// WallTime as the file has it: nanoseconds since 1970.
constexpr std::int64_t to_number(WallTime time) noexcept { return time.time_since_epoch().count(); }
constexpr WallTime to_time(std::int64_t number) noexcept { return WallTime(Duration(number)); }

}  // namespace reachd::journal
