#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "probes/core/clock.hpp"

namespace reachd::platform {

/// What runs the daemon: a console, systemd, the Windows service manager. Used from the main
/// thread.
class ServiceHost {
 public:
  enum class State : std::uint8_t { starting, running, reloading, stopping };

  virtual ~ServiceHost() = default;
  /// Calls these on the io_context's thread when the host (or a person at the console) asks for it.
  /// Call once.
  virtual void on_requests(std::function<void()> stop, std::function<void()> reload) = 0;
  /// Ends the wait for requests, so that the io_context can run out of work.
  virtual void close() = 0;
  /// Tells the host where the daemon is; `text` is one line for whoever asks for its status.
  virtual void report(State state, const std::string& text) = 0;
  /// Tells the host's watchdog that the daemon does its work.
  virtual void alive() = 0;
  /// How often alive() is expected at the latest; none without a watchdog.
  virtual std::optional<Duration> alive_every() const = 0;
};

/// The host of this process: systemd if it gave a notification socket (sd_notify(3)), else the
/// console.
std::unique_ptr<ServiceHost> make_service_host(boost::asio::io_context& context);

}  // namespace reachd::platform
