#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "daemon/platform/paths.hpp"

namespace reachd::platform {
namespace {

/// Of the environment; empty: not set.
std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

}  // namespace

std::string default_config_file() { return "/etc/reachd/reachd.yaml"; }

std::string default_state_folder() {
  // systemd: the folders of StateDirectory=, separated by colons (systemd.exec, 5).
  const std::string given = variable("STATE_DIRECTORY");
  if (!given.empty()) {
    return given.substr(0, given.find(':'));
  }
  // Whoever may not look into the service's folder has one of their own (XDG Base Directory).
  std::string service = "/var/lib/reachd";
  const std::string home = variable("HOME");
  if (::geteuid() == 0 || ::access(service.c_str(), R_OK | X_OK) == 0 || home.empty()) {
    return service;
  }
  const std::string state = variable("XDG_STATE_HOME");
  return (state.empty() ? home + "/.local/state" : state) + "/reachd";
}

std::string default_log_file() { return {}; }

std::error_code make_private_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error;
}

bool is_terminal(int stream) { return ::isatty(stream) == 1; }

std::uint64_t process_id() { return static_cast<std::uint64_t>(::getpid()); }

}  // namespace reachd::platform
