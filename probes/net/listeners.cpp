#include "probes/net/listeners.hpp"

namespace reachd::net {

std::string Listener::owner() const {
  std::string text;
  for (const std::string& process : processes) {
    text += (text.empty() ? "" : ", ") + process;
  }
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
