#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <memory>

#include "probes/core/clock.hpp"

namespace reachd::net {

namespace asio = boost::asio;

/// Something that waits and can be made to stop waiting at once: close the socket, cancel the
/// query.
class Abortable {
 public:
  virtual void abort() noexcept = 0;

 protected:
  ~Abortable() = default;

 private:
  friend class Deadline;
  friend class Watch;
  Abortable* next_ = nullptr;
  Abortable** link_ = nullptr;  ///< the pointer that points here, while watched
};

class DeadlineQueue;

/// Removes its Abortable from the deadline's list when it goes.
class [[nodiscard]] Watch {
 public:
  explicit Watch(Abortable& abortable) noexcept : abortable_(&abortable) {}
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

 private:
  Abortable* abortable_;
};

/// One a probe run, over all its phases: when it expires or is stopped, everything that waits is
/// aborted at once. Loop thread only. An operation that was aborted returns operation_aborted;
/// ended() then says why.
class Deadline : public boost::intrusive::set_base_hook<> {
 public:
  enum class Ended : std::uint8_t { no, expired, stopped };

  Deadline(DeadlineQueue& queue, TimePoint expiry);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline();

  /// Registers what is about to wait; if the deadline has ended already, aborts it at once.
  Watch watch(Abortable& abortable) noexcept;
  /// Ends it now with Ended::stopped.
  void stop() noexcept { end(Ended::stopped); }
  Ended ended() const noexcept { return ended_; }
  TimePoint expiry() const noexcept { return expiry_; }

 private:
  friend class DeadlineQueue;
  void end(Ended how) noexcept;
  Abortable& unlink_first() noexcept;

  DeadlineQueue& queue_;
  TimePoint expiry_;
  Ended ended_ = Ended::no;
  Abortable* watched_ = nullptr;
};

/// All deadlines of one loop behind one timer, so that arming one for every probe costs no system
/// call. Loop thread only; outlives its deadlines.
class DeadlineQueue {
 public:
  explicit DeadlineQueue(const asio::any_io_executor& executor);
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;
  ~DeadlineQueue();

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  /// Ends all of them at once with Ended::stopped; deadlines made later are born stopped. For
  /// shutdown.
  void stop() noexcept;

 private:
  friend class Deadline;
  struct Earlier {
    bool operator()(const Deadline& a, const Deadline& b) const noexcept {
      return a.expiry_ < b.expiry_;
    }
  };
  void add(Deadline&);
  void remove(Deadline&) noexcept;
  void arm();
  void expire(TimePoint now) noexcept;

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  // They carry their own links: arming one allocates nothing.
  boost::intrusive::multiset<Deadline, boost::intrusive::compare<Earlier>,
                             boost::intrusive::constant_time_size<false>>
      waiting_;
  TimePoint armed_for_ = TimePoint::max();
  std::uint64_t generation_ =
      0;  ///< a handler of an earlier arming that was already queued is ignored
  bool stopped_ = false;
  std::shared_ptr<char>
      alive_;  ///< a handler that is still queued when this goes must not touch it
};

/// Adapts anything with close() or cancel() of Asio: aborting closes the socket, which ends its
/// operations.
template <typename Socket>
class CloseOnAbort final : public Abortable {
 public:
  explicit CloseOnAbort(Socket& socket) noexcept : socket_(socket) {}
  void abort() noexcept override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket& socket_;
};

}  // namespace reachd::net
