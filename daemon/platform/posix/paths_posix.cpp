#include <unistd.h>

#include <array>

#include "daemon/platform/paths.hpp"

namespace reachd::platform {

std::string default_config_file() { return "/etc/reachd/reachd.yaml"; }

bool is_terminal(int stream) { return ::isatty(stream) == 1; }

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  return name.data();
}

}  // namespace reachd::platform
