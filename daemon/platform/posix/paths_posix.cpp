#include <unistd.h>

#include <cstdlib>

#include "daemon/platform/paths.hpp"

namespace reachd::platform {

std::string default_config_file() { return "/etc/reachd/reachd.yaml"; }

std::string default_state_folder() {
  // systemd: the folders of StateDirectory=, separated by colons (systemd.exec, 5).
  const char* given = std::getenv("STATE_DIRECTORY");
  const std::string folders = given == nullptr ? "" : given;
  return folders.empty() ? "/var/lib/reachd" : folders.substr(0, folders.find(':'));
}

bool is_terminal(int stream) { return ::isatty(stream) == 1; }

std::uint64_t process_id() { return static_cast<std::uint64_t>(::getpid()); }

}  // namespace reachd::platform
