#include "probes/net/listeners.hpp"

#include "probes/core/words.hpp"

namespace reachd::net {

std::string Listener::owner() const {
  const std::string text = join(processes, ", ");
  std::string more = unit.empty() ? "" : "unit " + unit;
  if (!user.empty()) {
    more += (more.empty() ? "user " : ", user ") + user;
  }
  if (more.empty() || text.empty()) {
    return text + more;
  }
  return text + " (" + more + ")";
}

}  // namespace reachd::net
