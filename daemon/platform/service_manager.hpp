#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace reachd::platform {

struct ServiceSetup {
  std::string name;          ///< is_service_name()
  std::string display_name;  ///< what the Services window shows
  std::string config_file;   ///< absolute
  bool update = false;       ///< a service of this name gets this executable and configuration
};

enum class ServiceState : std::uint8_t {
  not_installed,
  stopped,
  starting,
  running,
  stopping,
  other
};

struct ServiceFacts {
  ServiceState state = ServiceState::not_installed;
  std::uint32_t process_id = 0;  ///< while there is one
  std::string ended;             ///< how it ended, if it stopped and not as it should
  std::string command_line;      ///< empty if it can't be read
};

/// The system's service manager, as far as reachd makes itself one of its services. Calls wait for
/// their end, for a minute at most; an error is one sentence with the system's code. One thread.
class ServiceManager {
 public:
  using Result = std::expected<void, std::string>;
  using Notes = std::vector<std::string>;  ///< sentences: what the system did not take

  virtual ~ServiceManager() = default;
  /// This executable as a service with an account of its own, started when the system starts and
  /// again when it fails. Its folders for state and logs are made, for it and for administrators
  /// alone. An update keeps what else an administrator may have set (account, start, restarts), and
  /// remembers what the service ran before.
  virtual std::expected<Notes, std::string> install(const ServiceSetup& setup) = 0;
  /// Stops it first. Configuration, state and logs stay.
  virtual Result uninstall(const std::string& name) = 0;
  /// Takes the install() before back: a service that it updated runs again what it ran before, one
  /// that it made is uninstalled. Leaves it stopped.
  virtual Result undo_install(const std::string& name) = 0;
  /// Until it runs: a bad configuration is an error here.
  virtual Result start(const std::string& name) = 0;
  virtual Result stop(const std::string& name) = 0;
  /// Asks it to read its configuration again; what it made of it is in its log.
  virtual Result reload(const std::string& name) = 0;
  virtual std::expected<ServiceFacts, std::string> look(const std::string& name) = 0;
};

/// Null where this is another program's job.
std::unique_ptr<ServiceManager> make_service_manager();

}  // namespace reachd::platform
