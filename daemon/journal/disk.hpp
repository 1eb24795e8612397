#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/journal/batch.hpp"
#include "daemon/journal/store.hpp"
#include "daemon/journal/trim.hpp"
#include "daemon/platform/file_lock.hpp"

namespace reachd::journal {

/// What is wanted of the disk.
struct Job {
  std::shared_ptr<const Batch> batch;  ///< with the row of the run; null: only open the file
  std::int64_t run = 0;                ///< that goes on
  WallTime now{};
  TimePoint steady{};
  bool last = false;  ///< close the file afterwards
};

/// How it went.
struct Done {
  bool written = false;          ///< the batch is durable; of an opening: the file is open
  bool more = false;             ///< something is left to be trimmed: another job is welcome
  bool in_use = false;           ///< not written because another process has the folder
  std::string why;               ///< a sentence where it is not written
  std::string replaced;          ///< a sentence if a file was given up and a new one begun
  std::optional<Opened> opened;  ///< of the first job; nothing: it could not be read as a whole
};

/// The file with all its trouble: keeping other writers out, opening, setting a corrupt one aside,
/// writing, trimming. Blocks as long as the disk does. Throws nothing. One thread.
class Disk {
 public:
  explicit Disk(const Options& options);
  Done run(const Job& job);

 private:
  void open(const Job& job, Done& done);
  void claim();
  void write(const Job& job, Done& done);
  void replace(const Job& job, Done& done, const std::string& why);
  void look_at_what_is_there(Done& done) const;

  const Options options_;
  const std::string path_;
  std::unique_ptr<platform::FileLock> lock_;  ///< null: not open, or there are no locks here
  std::unique_ptr<Store> store_;
  std::unique_ptr<Trimmer> trimmer_;
  bool was_opened_ = false;
};

/// Where the journal of this folder is.
std::string file_in(const std::string& folder);
/// Opens the file for reading, whether somebody writes it or not. Throws sqlite::Error.
sqlite::Connection open_to_read(const std::string& path);

/// Gives the file, with what SQLite keeps beside it, a name with the time, and removes what was set
/// aside before the last two times. The new name; throws std::filesystem::filesystem_error.
std::string set_aside(const std::string& path, WallTime now);
/// How many such files are kept.
inline constexpr std::size_t kMostSetAside = 3;

}  // namespace reachd::journal
