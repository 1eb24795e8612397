#include "daemon/journal/disk.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>
#include <vector>

#include "daemon/platform/paths.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::journal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".corrupt-";
/// What a writer holds as long as it runs. SQLite's own locks last for a transaction only, and of
/// two that number their events alike the second's would be taken for a repetition.
constexpr std::string_view kLock = "journal.lock";
/// What SQLite keeps beside a file.
constexpr std::string_view kBeside[] = {"-wal", "-shm"};

std::string explain(const std::string& path, const std::exception& error) {
  const auto* sqlite = dynamic_cast<const sqlite::Error*>(&error);
  return sqlite != nullptr
             ? fmt::format("can't write {}: {} ({})", path, sqlite->cause(), error.what())
             : fmt::format("can't write {}: {}", path, error.what());
}

void make_folder(const std::string& folder) {
  if (const std::error_code error = platform::make_private_folder(folder)) {
    throw std::system_error(error, "can't make the folder");
  }
}

/// What a damaged or lost file still tells about the present goes into the new one. Of each check
/// that has a state it is noted that it has it now; what was before stays in the old file.
Batch carry_over(Kept&& kept, const Job& job) {
  Entry entry;
  for (const CheckRow& row : kept.checks) {
    if (row.state != 0 && job.batch != nullptr) {
      entry.transitions.push_back({.check = row.check, .time = job.now, .state = row.state});
    }
  }
  entry.checks = std::move(kept.checks);
  entry.alerts = std::move(kept.alerts);
  entry.cursors = std::move(kept.cursors);
  Batch batch;
  batch.add(std::move(entry), job.run, job.now);
  return batch;
}

}  // namespace

std::string file_in(const std::string& folder) { return to_text(to_path(folder) / kFile); }

sqlite::Connection open_to_read(const std::string& path) {
  using sqlite::Connection;
  try {
    Connection connection(path, Connection::Mode::read_only);
    connection.number("PRAGMA user_version");  // only now is the file looked at
    return connection;
  } catch (const sqlite::Error& error) {
    std::error_code unknown;
    // Without a log beside it the file is whole; who may not make one can read it all the same.
    if (error.corrupt() || error.passing() || !fs::exists(to_path(path), unknown) ||
        fs::exists(to_path(path + "-wal"), unknown)) {
      throw;
    }
  }
  return {path, Connection::Mode::immutable};
}

std::string set_aside(const std::string& path, WallTime now) {
  const std::string aside =
      fmt::format("{}{}{:%Y%m%dT%H%M%SZ}", path, kMark,
                  fmt::gmtime(std::chrono::system_clock::to_time_t(
                      std::chrono::floor<std::chrono::system_clock::duration>(now))));
  fs::rename(to_path(path), to_path(aside));
  std::error_code unknown;
  for (const std::string_view end : kBeside) {
    fs::rename(to_path(path + std::string(end)), to_path(aside + std::string(end)), unknown);
  }
  std::vector<std::string> earlier;
  const std::string start = to_text(to_path(path).filename()) + std::string(kMark);
  for (const fs::directory_entry& entry : fs::directory_iterator(to_path(path).parent_path())) {
    const std::string name = to_text(entry.path().filename());
    if (name.starts_with(start) && name.ends_with('Z')) {
      earlier.push_back(to_text(entry.path()));
    }
  }
  std::ranges::sort(earlier);
  for (std::size_t i = 0; i + kMostSetAside < earlier.size(); ++i) {
    fs::remove(to_path(earlier[i]), unknown);
    for (const std::string_view end : kBeside) {
      fs::remove(to_path(earlier[i] + std::string(end)), unknown);
    }
  }
  return aside;
}

Disk::Disk(const Options& options) : options_(options), path_(file_in(options.folder)) {}

Done Disk::run(const Job& job) {
  Done done;
  try {
    try {
      open(job, done);
      write(job, done);
    } catch (const sqlite::Error& error) {
      if (!error.corrupt()) {
        throw;
      }
      replace(job, done, error.what());
    }
    done.written = true;
    if (job.last) {
      store_.reset();
      lock_.reset();
    }
  } catch (const FolderInUse& error) {
    done.in_use = true;
    done.why = error.what();
  } catch (const sqlite::Error& error) {
    done.why = explain(path_, error);
    if (!error.passing()) {
      store_.reset();
    }
  } catch (const std::exception& error) {
    done.why = explain(path_, error);
    store_.reset();
  }
  if (!was_opened_ && !done.opened) {
    look_at_what_is_there(done);
  }
  was_opened_ = true;
  return done;
}

void Disk::open(const Job& job, Done& done) {
  if (store_ != nullptr && store_->connection().moved()) {
    // Whoever removed the file took what it remembered away; the open file still tells it.
    Batch carried = carry_over(read_opened(store_->connection(), true).kept, job);
    store_.reset();
    claim();
    store_ = std::make_unique<Store>(path_);
    store_->commit(carried);
    done.replaced = path_ +
                    " was removed or replaced while it was in use; what it remembered of "
                    "alerts and checks is written again, its events are gone";
  }
  if (store_ == nullptr) {
    claim();
    store_ = std::make_unique<Store>(path_);
  }
  if (!was_opened_ && !done.opened) {
    done.opened = read_opened(store_->connection(), false);
  }
}

/// Makes the folder and takes it for this process. Where there are no locks (a read-only folder
/// will be said to be one when the file is opened) it goes on without.
void Disk::claim() {
  make_folder(options_.folder);
  lock_.reset();  // it may be of a folder that was removed
  auto lock = platform::lock_file(to_text(to_path(options_.folder) / kLock));
  if (lock && *lock == nullptr) {
    throw FolderInUse("another reachd uses state_dir " + options_.folder);
  }
  lock_ = lock ? std::move(*lock) : nullptr;
}

void Disk::write(const Job& job, Done& done) {
  if (job.batch == nullptr) {
    return;
  }
  store_->commit(*job.batch);
  if (trimmer_ == nullptr) {
    trimmer_ = std::make_unique<Trimmer>(options_.max_age, options_.max_bytes);
  }
  try {
    done.more = trimmer_->step(store_->connection(), job.now, job.steady);
    if (trimmer_->take_removed_checks()) {
      store_->forget();
    }
  } catch (const sqlite::Error& error) {
    // The batch is durable. A full disk or a lock will show at the next commit, and be told then.
    if (error.corrupt()) {
      throw;
    }
  }
}

void Disk::replace(const Job& job, Done& done, const std::string& why) {
  store_.reset();
  const std::string aside = set_aside(path_, job.now);
  Opened opened;
  try {
    sqlite::Connection connection = open_to_read(aside);
    opened = read_opened(connection, true);
  } catch (const sqlite::Error&) {
    opened = {};  // nothing can be read of it
  }
  done.replaced = fmt::format(
      "{} is corrupt ({}); it was set aside as {} and a new one begun, with {} checks, {} alerts "
      "and {} cursors that could be read",
      path_, why, to_text(to_path(aside).filename()), opened.kept.checks.size(),
      opened.kept.alerts.size(), opened.kept.cursors.size());
  if (!was_opened_) {
    done.opened = opened;
    if (opened.kept.last_sequence == 0) {
      // Whoever follows by number, a reader or a sink's cursor, must not meet the old ones again.
      done.opened->kept.last_sequence = fresh_number(job.now);
    }
  }
  Batch carried = carry_over(std::move(opened.kept), job);
  store_ = std::make_unique<Store>(path_);
  store_->commit(carried);
  write(job, done);
}

void Disk::look_at_what_is_there(Done& done) const {
  try {
    sqlite::Connection connection = open_to_read(path_);
    if (connection.number("PRAGMA user_version") ==
        static_cast<std::int64_t>(schema_steps().size())) {
      done.opened = read_opened(connection, false);
    }
  } catch (const std::exception&) {
    done.opened.reset();  // why it can't be opened is told already
  }
}

}  // namespace reachd::journal
