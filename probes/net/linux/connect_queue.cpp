#include "probes/net/linux/connect_queue.hpp"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "probes/net/linux/epoll_set.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {

asio::execution_context::id ConnectQueue::id;

ConnectQueue& ConnectQueue::of(const asio::any_io_executor& executor) {
  return asio::use_service<ConnectQueue>(asio::query(executor, asio::execution::context));
}

ConnectQueue::ConnectQueue(asio::execution_context& context)
    : service(context),
      executor_(static_cast<asio::io_context&>(context).get_executor()),
      epoll_(executor_) {}

ConnectQueue::~ConnectQueue() = default;

void ConnectQueue::shutdown() {
  // The handlers own the coroutines that wait; these may let go of more when they are destroyed.
  while (!slots_.empty()) {
    const Handler handler = std::move(slots_.back().handler);
    slots_.pop_back();
  }
  error_code ignored;
  epoll_.close(ignored);
}

void ConnectQueue::begin(int socket, ConnectWait& wait, Handler handler) {
  const std::uint32_t slot = take_slot();
  slots_[slot].handler = std::move(handler);
  slots_[slot].wait = &wait;
  wait.place = slot;
  wait.ec = add(socket, slot);
  if (wait.ec) {
    cancel(wait);
  }
}

error_code ConnectQueue::add(int socket, std::uint32_t slot) {
  if (const error_code ec = open_epoll(epoll_)) {
    return ec;
  }
  // One event is all that is wanted. Closing the socket takes it out of the set.
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLONESHOT;
  event.data.u64 = std::uint64_t{slots_[slot].generation} << 32U | slot;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
    return last_socket_error();
  }
  arm();
  return {};
}

void ConnectQueue::cancel(ConnectWait& wait) noexcept {
  if (wait.place == ConnectWait::kNowhere) {
    return;
  }
  asio::post(executor_, free_slot(wait.place));
  if (waiting_ == 0 && armed_) {
    // Nothing may keep a loop from ending that has nothing left to do.
    error_code ignored;
    epoll_.cancel(ignored);
    armed_ = false;
  }
}

std::uint32_t ConnectQueue::take_slot() {
  ++waiting_;
  if (free_.empty()) {
    slots_.emplace_back();
    free_.reserve(slots_.capacity());  // so that free_slot() never allocates
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

ConnectQueue::Handler ConnectQueue::free_slot(std::uint32_t slot) {
  Slot& freed = slots_[slot];
  Handler handler = std::exchange(freed.handler, nullptr);
  freed.wait->place = ConnectWait::kNowhere;
  ++freed.generation;
  free_.push_back(slot);
  --waiting_;
  return handler;
}

void ConnectQueue::arm() {
  if (armed_) {
    return;
  }
  armed_ = true;
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& ec) {
    if (!ec) {
      armed_ = false;
      pump();
    }
  });
}

void ConnectQueue::pump() {
  constexpr int kEventsAtOnce = 128;
  std::array<epoll_event, kEventsAtOnce> events;
  const int count = ::epoll_wait(epoll_.native_handle(), events.data(), kEventsAtOnce, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event event = events[static_cast<std::size_t>(i)];
    const std::uint64_t data = event.data.u64;
    const auto slot = static_cast<std::uint32_t>(data & UINT32_MAX);
    // A coroutine that went on before may have cancelled this one, and its slot may be in use
    // again.
    if (slots_[slot].handler && slots_[slot].generation == data >> 32U) {
      slots_[slot].wait->failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
      Handler handler = free_slot(slot);
      std::move(handler)();
    }
  }
  if (waiting_ > 0) {
    arm();
  }
}

}  // namespace reachd::net
