#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/journal/disk.hpp"
#include "daemon/journal/memory.hpp"

namespace reachd::journal {

/// Where the journal's thread and the disk's meet, so that the first never waits for the disk. Kept
/// alive by both: a disk that hangs when the program ends keeps its thread, and that its desk.
struct Desk {
  explicit Desk(const Options& options) : memory(options.max_unsaved), disk(options) {}

  std::mutex mutex;                  ///< of all but the disk
  std::condition_variable to_disk;   ///< a job is there, or it is time to go
  std::condition_variable to_owner;  ///< whatever the journal's thread waits for
  std::optional<Job> job;
  std::optional<Done> done;
  bool quit = false;
  Memory memory;
  std::shared_ptr<Batch> flying;  ///< what the disk has; null: it has nothing to do

  Disk disk;  ///< disk thread only
};

/// The thread that works jobs off; ends after `quit`.
std::thread start_disk_thread(std::shared_ptr<Desk> desk);

}  // namespace reachd::journal
