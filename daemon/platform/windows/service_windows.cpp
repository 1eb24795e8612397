// The Windows service manager (Service Programs, Microsoft Learn), or a console.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

#include "daemon/platform/paths.hpp"
#include "daemon/platform/service_host.hpp"
#include "daemon/platform/windows/console_event.hpp"
#include "daemon/platform/windows/folder_access.hpp"
#include "daemon/platform/windows/service_link.hpp"

namespace reachd::platform {
namespace {

namespace asio = boost::asio;

/// What both have in common: requests come on a thread of Windows and are carried out on the
/// io_context's, which has something to wait for meanwhile.
class WindowsHost : public ServiceHost {
 public:
  explicit WindowsHost(asio::io_context& context)
      : context_(context), work_(context.get_executor()) {}

  void on_requests(std::function<void()> stop, std::function<void()> reload) override {
    const auto posted = [this](std::function<void()> request) {
      return [this, request = std::move(request)] {
        asio::post(context_, [this, request] {
          if (!closed_) {
            request();
          }
        });
      };
    };
    attach(posted(std::move(stop)), posted(std::move(reload)));
  }
  void close() override {
    closed_ = true;
    detach();
    work_.reset();
  }
  void alive() override {}
  std::optional<Duration> alive_every() const override { return std::nullopt; }

 private:
  virtual void attach(std::function<void()> stop, std::function<void()> reload) = 0;
  virtual void detach() = 0;

  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  bool closed_ = false;  ///< a request may be on its way already when the first stop closes
};

class ManagedHost final : public WindowsHost {
 public:
  explicit ManagedHost(asio::io_context& context) : WindowsHost(context) {}
  ManagedHost(const ManagedHost&) = delete;
  ManagedHost& operator=(const ManagedHost&) = delete;
  ~ManagedHost() override { link().detach(); }

  void report(State state, const std::string& text) override {
    if (state == State::running) {
      link().running(text);
    } else if (state == State::stopping) {
      link().stopping();
    }
  }

 private:
  static ServiceLink& link() { return ServiceLink::instance(); }
  void attach(std::function<void()> stop, std::function<void()> reload) override {
    link().attach(std::move(stop), std::move(reload));
  }
  void detach() override { link().detach(); }
};

/// Whom the console's requests go to; its handler is given nothing that would lead to anybody.
struct Console {
  std::mutex mutex;
  std::function<void()> stop;
};
Console& console() {
  static Console instance;
  return instance;
}

class ConsoleHost final : public WindowsHost {
 public:
  explicit ConsoleHost(asio::io_context& context) : WindowsHost(context) {}
  ConsoleHost(const ConsoleHost&) = delete;
  ConsoleHost& operator=(const ConsoleHost&) = delete;
  ~ConsoleHost() override { forget(); }

  void report(State /*state*/, const std::string& /*text*/) override {}

 private:
  static void forget() {
    const std::scoped_lock lock(console().mutex);
    console().stop = nullptr;
  }
  void attach(std::function<void()> stop, std::function<void()> /*reload*/) override {
    {
      const std::scoped_lock lock(console().mutex);
      console().stop = std::move(stop);
    }
    ::SetConsoleCtrlHandler(&on_console_event, TRUE);
  }
  // The handler stays: who asks again while the daemon stops is not to kill it.
  void detach() override { forget(); }
};

}  // namespace

BOOL WINAPI on_console_event(DWORD event) {
  {
    const std::scoped_lock lock(console().mutex);
    if (console().stop) {
      console().stop();
    }
  }
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) {
    // The console was closed, the user logs off: Windows ends the process when this returns, or
    // after some 5 s. The program returns from main when it is done, and that ends this, too.
    ::Sleep(INFINITE);
  }
  return TRUE;
}

std::unique_ptr<ServiceHost> make_service_host(asio::io_context& context) {
  if (ServiceLink::instance().is_open()) {
    return std::make_unique<ManagedHost>(context);
  }
  return std::make_unique<ConsoleHost>(context);
}

std::string default_log_file() {
  const std::string name = ServiceLink::instance().name();
  return name.empty() ? std::string() : program_data_folder() + "\\reachd\\logs\\" + name + ".log";
}

}  // namespace reachd::platform
