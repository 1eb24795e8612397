#include "daemon/journal/journal.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/journal/desk.hpp"
#include "daemon/journal/fetcher.hpp"
#include "daemon/journal/live_reading.hpp"
#include "daemon/log/log.hpp"

namespace reachd::journal {
namespace {

using namespace std::chrono_literals;

/// A disk that takes longer is treated as one that can't write, until it answers. Longer than
/// SQLite waits for a lock.
constexpr Duration kPatience = 3s;
constexpr Duration kOpening = 30s;
constexpr Duration kFirstPause = 1s;
constexpr Duration kLongestPause = 30s;

/// The disk knows no other time, whatever clock a test lends.
using RealTime = std::chrono::steady_clock;
using Callback = std::function<void(bool durable)>;

class FileJournal final : public Journal {
 public:
  FileJournal(const Options& options, const Clock& clock, Listener& listener)
      : path_(file_in(options.folder)),
        clock_(clock),
        listener_(listener),
        desk_(std::make_shared<Desk>(options)),
        reading_(std::make_shared<const LiveReading>(options.folder, clock, desk_)),
        fetcher_(reading_),
        disk_thread_(start_disk_thread(desk_)) {
    try {
      open();
    } catch (...) {
      let_disk_go();
      throw;
    }
    thread_ = std::thread([this] { keep(); });
  }
  FileJournal(const FileJournal&) = delete;
  FileJournal& operator=(const FileJournal&) = delete;
  ~FileJournal() override { FileJournal::close(5s); }

  Kept take_kept() override { return std::move(kept_); }

  void write(Entry entry, Callback done) override {
    const std::scoped_lock lock(desk_->mutex);
    if (closing_) {
      return;
    }
    desk_->memory.look_at_clock(clock_);
    desk_->memory.add(std::move(entry), clock_.wall_now());
    if (done) {
      callbacks_.push_back(std::move(done));
    }
    desk_->to_owner.notify_all();
  }

  std::vector<EventRow> next_events(std::int64_t sequence, std::size_t most) const override {
    return reading_->next_events(sequence, most);
  }
  std::optional<std::vector<EventRow>> recent_events(std::int64_t sequence,
                                                     std::size_t most) const override {
    return reading_->recent_events(sequence, most);
  }
  void fetch_events(std::int64_t sequence, std::size_t most,
                    std::function<void(std::vector<EventRow>)> done) override {
    fetcher_.fetch(sequence, most, std::move(done));
  }
  const Reading& reading() const override { return *reading_; }
  void close(Duration within) override;

 private:
  using Lock = std::unique_lock<std::mutex>;

  void open();
  void let_disk_go();
  /// The life of the journal's thread: never waits for anything but its own desk.
  void keep();
  bool act(Lock& lock);
  Duration rest() const;
  void launch();
  void finish(Lock& lock);
  void overdue(Lock& lock);
  void answer(Lock& lock, std::vector<Callback>& callbacks, bool durable);
  /// With the lock given back meanwhile.
  void fails(Lock& lock, const std::string& why);
  void recovers(Lock& lock);

  // Constant after construction.
  const std::string path_;
  const Clock& clock_;
  Listener& listener_;
  const std::shared_ptr<Desk> desk_;
  const std::shared_ptr<const LiveReading> reading_;
  Fetcher fetcher_;
  Kept kept_;

  // Under the desk's mutex.
  std::vector<Callback> callbacks_;  ///< of what waits
  bool closing_ = false;
  bool closed_ = false;
  bool abandoned_ = false;

  // The journal's thread only, after construction.
  std::vector<Callback> flying_callbacks_;
  RealTime::time_point launched_{};
  bool told_overdue_ = false;
  bool last_launched_ = false;
  bool failing_ = false;
  bool more_ = false;
  Duration pause_{};
  TimePoint retry_at_{};
  TimePoint heartbeat_at_{};
  std::string first_trouble_;
  std::string first_replaced_;

  std::thread disk_thread_;
  std::thread thread_;
};

void FileJournal::open() {
  Lock lock(desk_->mutex);
  desk_->job = Job{.batch = nullptr,
                   .run = 0,
                   .now = clock_.wall_now(),
                   .steady = clock_.steady_now(),
                   .last = false};
  desk_->to_disk.notify_all();
  const bool answered =
      desk_->to_owner.wait_for(lock, kOpening, [&] { return desk_->done.has_value(); });
  std::int64_t run = fresh_number(clock_.wall_now());
  kept_.last_sequence = run;
  if (answered) {
    Done done = std::move(*desk_->done);
    desk_->done.reset();
    if (done.in_use) {
      throw FolderInUse(done.why);
    }
    if (done.opened) {
      kept_ = std::move(done.opened->kept);
      run = done.opened->last_run + 1;
    }
    first_trouble_ = std::move(done.why);
    first_replaced_ = std::move(done.replaced);
  } else {
    first_trouble_ = "can't write " + path_ + ": the disk does not answer";
    desk_->flying = std::make_shared<Batch>();  // of which the answer will come
    told_overdue_ = true;
  }
  desk_->memory.begin(kept_.last_sequence, run, clock_);
}

void FileJournal::keep() {
  Lock lock(desk_->mutex);
  if (!first_replaced_.empty()) {
    fails(lock, first_replaced_);
  }
  if (!first_trouble_.empty()) {
    fails(lock, first_trouble_);
    pause_ = kFirstPause;
    retry_at_ = clock_.steady_now() + pause_;
  }
  while (!closed_ && !abandoned_) {
    if (!act(lock)) {
      desk_->to_owner.wait_for(lock, std::clamp<Duration>(rest(), 1ms, kHeartbeat));
    }
  }
  answer(lock, flying_callbacks_, false);
  answer(lock, callbacks_, false);
}

/// True if something was done, and another look is due.
bool FileJournal::act(Lock& lock) {
  desk_->memory.look_at_clock(clock_);
  const TimePoint now = clock_.steady_now();
  if (desk_->done) {
    finish(lock);
    return true;
  }
  if (failing_ && !callbacks_.empty()) {
    answer(lock, callbacks_, false);
    return true;
  }
  if (desk_->flying != nullptr) {
    if (!told_overdue_ && RealTime::now() - launched_ >= kPatience) {
      overdue(lock);
      return true;
    }
    return false;
  }
  const bool wanted =
      desk_->memory.has_unsaved() || !callbacks_.empty() || more_ || now >= heartbeat_at_;
  if (closing_ || (failing_ ? now >= retry_at_ : wanted)) {
    launch();
    return true;
  }
  return false;
}

/// How long nothing needs to be done unless somebody says so.
Duration FileJournal::rest() const {
  if (desk_->flying == nullptr) {
    return (failing_ ? retry_at_ : heartbeat_at_) - clock_.steady_now();
  }
  return told_overdue_ ? kHeartbeat : launched_ + kPatience - RealTime::now();
}

void FileJournal::launch() {
  last_launched_ = closing_;
  desk_->memory.stamp(clock_, closing_);
  desk_->flying = std::make_shared<Batch>(desk_->memory.take());
  flying_callbacks_ = std::exchange(callbacks_, {});
  launched_ = RealTime::now();
  const TimePoint now = clock_.steady_now();
  heartbeat_at_ = now + kHeartbeat;
  told_overdue_ = false;
  more_ = false;
  desk_->job = Job{.batch = desk_->flying,
                   .run = desk_->memory.run(),
                   .now = clock_.wall_now(),
                   .steady = now,
                   .last = closing_};
  desk_->to_disk.notify_all();
}

void FileJournal::finish(Lock& lock) {
  const Done done = std::move(*desk_->done);
  desk_->done.reset();
  std::shared_ptr<Batch> batch = std::exchange(desk_->flying, nullptr);
  std::vector<Callback> callbacks = std::exchange(flying_callbacks_, {});
  more_ = done.more;
  if (done.written) {
    desk_->memory.saved(*batch);
    pause_ = {};
  } else {
    desk_->memory.give_back(std::move(*batch));
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    retry_at_ = clock_.steady_now() + pause_;
  }
  lock.unlock();
  batch.reset();  // a storm's is large, and nobody should wait for that
  lock.lock();
  const bool closes = last_launched_;
  if (!done.replaced.empty()) {
    fails(lock, done.replaced);
  }
  if (done.written) {
    recovers(lock);
  } else {
    fails(lock, done.why);
  }
  answer(lock, callbacks, done.written);
  if (closes) {
    closed_ = true;
    desk_->to_owner.notify_all();
  }
}

void FileJournal::overdue(Lock& lock) {
  told_overdue_ = true;
  std::vector<Callback> callbacks = std::exchange(flying_callbacks_, {});
  fails(lock, "can't write " + path_ + ": the disk does not answer");
  answer(lock, callbacks, false);
}

void FileJournal::answer(Lock& lock, std::vector<Callback>& callbacks, bool durable) {
  const std::vector<Callback> now = std::exchange(callbacks, {});
  lock.unlock();
  for (const Callback& callback : now) {
    callback(durable);
  }
  lock.lock();
}

void FileJournal::fails(Lock& lock, const std::string& why) {
  const bool tell = !std::exchange(failing_, true);
  lock.unlock();
  listener_.on_journal_error();
  if (tell) {
    log::error("the journal is in trouble: " + why);
    listener_.on_journal_failing(why);
  }
  lock.lock();
}

void FileJournal::recovers(Lock& lock) {
  if (!std::exchange(failing_, false)) {
    return;
  }
  const std::size_t lost = desk_->memory.take_lost();
  lock.unlock();
  log::info("the journal is written again", {{"events lost", lost}});
  listener_.on_journal_recovered(lost);
  lock.lock();
}

void FileJournal::close(Duration within) {
  if (!thread_.joinable()) {
    return;  // it is closed
  }
  fetcher_.stop();
  {
    Lock lock(desk_->mutex);
    closing_ = true;
    desk_->to_owner.notify_all();
    if (!desk_->to_owner.wait_for(lock, within, [&] { return closed_; })) {
      abandoned_ = true;
    }
    desk_->to_owner.notify_all();
  }
  thread_.join();
  let_disk_go();
}

void FileJournal::let_disk_go() {
  {
    const std::scoped_lock lock(desk_->mutex);
    desk_->quit = true;
    desk_->to_disk.notify_all();
  }
  if (desk_->flying != nullptr) {
    disk_thread_.detach();  // the disk holds it, for who knows how long; it has all it needs
  } else {
    disk_thread_.join();
  }
}

}  // namespace

std::unique_ptr<Journal> open_journal(const Options& options, const Clock& clock,
                                      Listener& listener) {
  return std::make_unique<FileJournal>(options, clock, listener);
}

}  // namespace reachd::journal
