#include <unistd.h>

#include <array>
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

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  return name.data();
}

}  // namespace reachd::platform
