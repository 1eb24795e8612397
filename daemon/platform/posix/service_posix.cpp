// Console and systemd: signals ask, sd_notify tells (sd_notify(3), systemd.service(5):
// Type=notify-reload, WatchdogSec=).
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/platform/service_host.hpp"

namespace reachd::platform {
namespace {

namespace asio = boost::asio;

/// Sends datagrams to $NOTIFY_SOCKET; does nothing without one. Failures are of no use to anybody
/// and are ignored.
class Notifier {
 public:
  Notifier() {
    const char* path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
        std::strlen(path) >= sizeof(address_.sun_path)) {
      return;
    }
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, path, std::strlen(path));
    length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    if (address_.sun_path[0] == '@') {
      address_.sun_path[0] = '\0';  // the abstract namespace
    }
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  void send(const std::string& text) const {
    if (descriptor_ >= 0) {
      [[maybe_unused]] const ssize_t ignored = ::sendto(
          descriptor_, text.data(), text.size(), MSG_NOSIGNAL,
          reinterpret_cast<const sockaddr*>(&address_), length_);  // the socket API's own cast
    }
  }
  bool connected() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

std::string monotonic_microseconds() {
  // systemd compares with CLOCK_MONOTONIC, which steady_clock is here.
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

class PosixServiceHost final : public ServiceHost {
 public:
  explicit PosixServiceHost(asio::io_context& context)
      : signals_(context, SIGTERM, SIGINT, SIGHUP) {
    const char* usec = std::getenv("WATCHDOG_USEC");
    const char* pid = std::getenv("WATCHDOG_PID");
    long long number = 0;
    if (usec != nullptr && notifier_.connected() &&
        (pid == nullptr || std::to_string(::getpid()) == std::string_view(pid)) &&
        std::from_chars(usec, usec + std::strlen(usec), number).ec == std::errc{} && number > 0) {
      alive_every_ = std::chrono::microseconds(number / 2);
    }
  }

  void on_requests(std::function<void()> stop, std::function<void()> reload) override {
    stop_ = std::move(stop);
    reload_ = std::move(reload);
    wait();
  }

  void close() override {
    closed_ = true;
    signals_.cancel();
  }

  void report(State state, const std::string& text) override {
    std::string message;
    switch (state) {
      case State::starting:
        break;
      case State::running:
        message = "READY=1\n";
        break;
      case State::reloading:
        message = "RELOADING=1\nMONOTONIC_USEC=" + monotonic_microseconds() + "\n";
        break;
      case State::stopping:
        message = "STOPPING=1\n";
        break;
    }
    notifier_.send(message + "STATUS=" + text);
  }

  void alive() override { notifier_.send("WATCHDOG=1"); }

  std::optional<Duration> alive_every() const override { return alive_every_; }

 private:
  void wait() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error || closed_) {  // a second signal may be on its way already when the first closes
        return;
      }
      wait();
      (signal == SIGHUP ? reload_ : stop_)();
    });
  }

  asio::signal_set signals_;
  bool closed_ = false;
  Notifier notifier_;
  std::optional<Duration> alive_every_;
  std::function<void()> stop_;
  std::function<void()> reload_;
};

}  // namespace

std::unique_ptr<ServiceHost> make_service_host(asio::io_context& context) {
  return std::make_unique<PosixServiceHost>(context);
}

}  // namespace reachd::platform
