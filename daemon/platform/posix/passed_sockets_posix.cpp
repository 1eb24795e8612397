// sd_listen_fds(3): $LISTEN_FDS descriptors in a row for the process $LISTEN_PID, with names in
// $LISTEN_FDNAMES between colons.
#include "daemon/platform/passed_sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace reachd::platform {
namespace {

/// Beyond any use, so that the descriptors' numbers never overflow.
constexpr int kMost = 1024;

/// Of the environment, which no longer holds it afterwards; empty: not set.
std::string take_variable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

int option_of(int descriptor, int name) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool listens_for_tcp(int descriptor) {
  const int domain = option_of(descriptor, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) &&
         option_of(descriptor, SO_PROTOCOL) == IPPROTO_TCP &&
         option_of(descriptor, SO_ACCEPTCONN) == 1;
}

}  // namespace

std::expected<std::vector<int>, std::string> take_passed_sockets(int first) {
  const std::string pid = take_variable("LISTEN_PID");
  const std::string count = take_variable("LISTEN_FDS");
  const std::string all_names = take_variable("LISTEN_FDNAMES");
  std::vector<int> sockets;
  if (count.empty() || whole_number(pid) != ::getpid()) {
    return sockets;
  }
  const std::optional<int> passed = whole_number(count);
  if (!passed || *passed < 0 || *passed > kMost) {
    return std::unexpected("LISTEN_FDS is not a number of sockets: " + count.substr(0, 40));
  }
  std::string_view names = all_names;
  for (int descriptor = first; descriptor < first + *passed; ++descriptor) {
    const std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (!listens_for_tcp(descriptor)) {
      std::string problem = "descriptor " + std::to_string(descriptor);
      if (!name.empty()) {
        problem.append(" (").append(name.substr(0, 80)).append(")");
      }
      return std::unexpected(problem + " was passed to listen on, but is no listening TCP socket");
    }
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    sockets.push_back(descriptor);
  }
  return sockets;
}

}  // namespace reachd::platform
