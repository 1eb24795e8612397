#include "daemon/journal/reading.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/journal/disk.hpp"
#include "daemon/journal/file_reading.hpp"
#include "daemon/journal/history.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::journal {
namespace {

/// Runs `read` with a connection; what it throws becomes a sentence.
template <typename Function>
auto reading(const std::string& path, const Function& read)
    -> std::expected<decltype(read(std::declval<sqlite::Connection&>())), std::string> {
  try {
    sqlite::Connection connection = open_to_read(path);
    const std::int64_t version = connection.number("PRAGMA user_version");
    const auto known = static_cast<std::int64_t>(schema_steps().size());
    if (version != known) {
      return std::unexpected(
          fmt::format("{}: its version is {}, this reachd reads version {}", path, version, known));
    }
    connection.execute("BEGIN");  // one moment, whatever is written meanwhile
    return read(connection);
  } catch (const sqlite::Error& error) {
    std::error_code unknown;
    if (!std::filesystem::exists(to_path(path), unknown) && !unknown) {
      return std::unexpected("there is no journal at " + path +
                             ": no daemon with this configuration has run here yet");
    }
    return std::unexpected(
        fmt::format("can't read {}: {} ({})", path, error.cause(), error.what()));
  } catch (const std::exception& error) {
    return std::unexpected(fmt::format("can't read {}: {}", path, error.what()));
  }
}

class FileReading final : public Reading {
 public:
  FileReading(const std::string& folder, const Clock& clock)
      : path_(file_in(folder)), clock_(clock) {}

  std::expected<std::vector<EventRow>, std::string> events(const EventQuery& query) const override {
    return reading(path_, [&](sqlite::Connection& file) { return read_events(file, query); });
  }

  std::expected<std::optional<std::int64_t>, std::string> sequence_of(
      const std::string& event_id) const override {
    return reading(path_, [&](sqlite::Connection& file) {
      sqlite::Statement row(file, "SELECT sequence FROM events WHERE id = ?");
      return row.bind(event_id).step() ? std::optional(row.integer(0)) : std::nullopt;
    });
  }

  std::int64_t last_sequence() const override {
    return reading(path_,
                   [&](sqlite::Connection& file) {
                     return file.number("SELECT max(sequence) FROM events");
                   })
        .value_or(0);
  }

  std::expected<std::vector<Availability>, std::string> availability(
      WallTime from, WallTime to, std::size_t slots) const override {
    const auto history = history_in(path_, from, to, clock_.wall_now());
    if (!history) {
      return std::unexpected(history.error());
    }
    return availability_of(*history, from, to, slots);
  }

 private:
  const std::string path_;
  const Clock& clock_;
};

}  // namespace

std::expected<History, std::string> history_in(const std::string& path, WallTime from, WallTime to,
                                               WallTime now) {
  return reading(path, [&](sqlite::Connection& file) { return read_history(file, from, to, now); });
}

std::unique_ptr<Reading> make_file_reading(const std::string& folder, const Clock& clock) {
  return std::make_unique<FileReading>(folder, clock);
}

std::expected<std::unique_ptr<Reading>, std::string> open_reading(const std::string& folder) {
  // A first look, so that what is wrong is told before anything is asked.
  const auto looked = reading(file_in(folder), [](sqlite::Connection&) { return true; });
  if (!looked) {
    return std::unexpected(looked.error());
  }
  return make_file_reading(folder, system_clock());
}

}  // namespace reachd::journal
