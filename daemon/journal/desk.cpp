#include "daemon/journal/desk.hpp"

#include <utility>

namespace reachd::journal {

std::thread start_disk_thread(std::shared_ptr<Desk> desk) {
  return std::thread([desk = std::move(desk)] {
    std::unique_lock lock(desk->mutex);
    for (;;) {
      desk->to_disk.wait(lock, [&] { return desk->job || desk->quit; });
      if (!desk->job) {
        return;
      }
      Job job = std::move(*desk->job);
      desk->job.reset();
      lock.unlock();
      Done done = desk->disk.run(job);
      job = {};  // the batch is the owner's again
      lock.lock();
      desk->done = std::move(done);
      desk->to_owner.notify_all();
    }
  });
}

}  // namespace reachd::journal
