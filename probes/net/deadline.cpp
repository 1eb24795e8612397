#include "probes/net/deadline.hpp"

#include <utility>

namespace reachd::net {

DeadlineQueue::DeadlineQueue(const asio::any_io_executor& executor)
    : executor_(executor), timer_(executor), alive_(std::make_shared<char>()) {}

DeadlineQueue::~DeadlineQueue() = default;

void DeadlineQueue::stop() noexcept {
  stopped_ = true;
  while (!waiting_.empty()) {
    waiting_.begin()->end(Deadline::Ended::stopped);
  }
  // The loop can end now: nothing holds it.
  timer_.cancel();
  armed_for_ = TimePoint::max();
}

void DeadlineQueue::add(Deadline& deadline) {
  // Most probes have the same time limit, so the newest deadline is the latest: the hint saves the
  // search.
  waiting_.insert(waiting_.end(), deadline);
  if (deadline.expiry_ < armed_for_) {
    arm();
  }
}

void DeadlineQueue::remove(Deadline& deadline) noexcept {
  // The timer stays armed: waking up once too early is cheaper than a system call for every probe.
  waiting_.erase(waiting_.iterator_to(deadline));
}

void DeadlineQueue::arm() {
  armed_for_ = waiting_.begin()->expiry_;
  const std::uint64_t generation = ++generation_;
  timer_.expires_at(armed_for_);
  timer_.async_wait(
      [this, alive = std::weak_ptr<char>(alive_), generation](const boost::system::error_code& ec) {
        if (ec || alive.expired() || generation != generation_) {
          return;
        }
        armed_for_ = TimePoint::max();
        expire(std::chrono::steady_clock::now());
        if (!waiting_.empty() && waiting_.begin()->expiry_ < armed_for_) {
          arm();
        }
      });
}

void DeadlineQueue::expire(TimePoint now) noexcept {
  while (!waiting_.empty() && waiting_.begin()->expiry_ <= now) {
    waiting_.begin()->end(Deadline::Ended::expired);
  }
}

Watch::~Watch() {
  if (abortable_->link_ == nullptr) {
    return;
  }
  *abortable_->link_ = abortable_->next_;
  if (abortable_->next_ != nullptr) {
    abortable_->next_->link_ = abortable_->link_;
  }
  abortable_->link_ = nullptr;
  abortable_->next_ = nullptr;
}

Deadline::Deadline(DeadlineQueue& queue, TimePoint expiry) : queue_(queue), expiry_(expiry) {
  if (queue_.stopped_) {
    ended_ = Ended::stopped;
  } else {
    queue_.add(*this);
  }
}

Deadline::~Deadline() {
  if (ended_ == Ended::no) {
    queue_.remove(*this);
  }
  while (watched_ != nullptr) {
    unlink_first();
  }
}

Watch Deadline::watch(Abortable& abortable) noexcept {
  if (ended_ != Ended::no) {
    abortable.abort();
    return Watch(abortable);
  }
  abortable.next_ = watched_;
  abortable.link_ = &watched_;
  if (watched_ != nullptr) {
    watched_->link_ = &abortable.next_;
  }
  watched_ = &abortable;
  return Watch(abortable);
}

Abortable& Deadline::unlink_first() noexcept {
  Abortable& first = *watched_;
  watched_ = first.next_;
  if (watched_ != nullptr) {
    watched_->link_ = &watched_;
  }
  first.next_ = nullptr;
  first.link_ = nullptr;
  return first;
}

void Deadline::end(Ended how) noexcept {
  if (ended_ != Ended::no) {
    return;
  }
  ended_ = how;
  queue_.remove(*this);
  while (watched_ != nullptr) {
    unlink_first().abort();
  }
}

}  // namespace reachd::net
