#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>

#include "probes/net/poller.hpp"

namespace reachd::net {
namespace {

class PosixPoller final : public Poller {
 public:
  PosixPoller() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    wake_write_ = ends[1];
    sockets_.push_back({ends[0], POLLIN, 0});
  }

  ~PosixPoller() override {
    ::close(sockets_.front().fd);
    ::close(wake_write_);
  }

  void watch(NativeSocket socket, bool readable, bool writable) override {
    const auto found = std::ranges::find(sockets_, socket, &pollfd::fd);
    if (!readable && !writable) {
      if (found != sockets_.end()) {
        *found = sockets_.back();
        sockets_.pop_back();
      }
      return;
    }
    const auto events =
        static_cast<short>((readable ? int{POLLIN} : 0) | (writable ? int{POLLOUT} : 0));
    if (found != sockets_.end()) {
      found->events = events;
    } else {
      sockets_.push_back({socket, events, 0});
    }
  }

  void wait(std::optional<std::chrono::nanoseconds> limit, std::vector<Ready>& ready) override {
    ready.clear();
    int milliseconds = -1;
    if (limit) {
      const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*limit).count();
      milliseconds = static_cast<int>(std::clamp<long long>(whole, 0, INT_MAX));
    }
    if (::poll(sockets_.data(), sockets_.size(), milliseconds) <= 0) {
      return;
    }
    if (sockets_.front().revents != 0) {
      std::array<char, 64> drained{};
      while (::read(sockets_.front().fd, drained.data(), drained.size()) > 0) {
      }
    }
    for (std::size_t index = 1; index < sockets_.size(); ++index) {
      const int events = sockets_[index].revents;
      if (events != 0) {
        ready.push_back({sockets_[index].fd, (events & ~POLLOUT) != 0, (events & POLLOUT) != 0});
      }
    }
  }

  void wake() noexcept override {
    const char byte = 0;
    // A full pipe wakes just as well.
    [[maybe_unused]] const auto written = ::write(wake_write_, &byte, 1);
  }

 private:
  std::vector<pollfd> sockets_;  ///< the first is the pipe's end
  int wake_write_ = -1;
};

}  // namespace

std::unique_ptr<Poller> make_poller() { return std::make_unique<PosixPoller>(); }

const char* system_hosts_file() noexcept { return "/etc/hosts"; }
const char* system_resolver_file() noexcept { return "/etc/resolv.conf"; }

}  // namespace reachd::net
