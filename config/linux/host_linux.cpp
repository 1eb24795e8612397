#include <malloc.h>
#include <unistd.h>

#include <array>

#include "config/host.hpp"

namespace reachd::config {

std::string host_name() {
  std::array<char, 256> name{};
  // The last byte stays zero: a name that was cut off need not be terminated.
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    return "localhost";
  }
  return name.data();
}

void release_free_memory() noexcept { ::malloc_trim(0); }

bool has_unix_sockets() noexcept { return true; }

bool can_forbid_fragments() noexcept { return true; }

}  // namespace reachd::config
