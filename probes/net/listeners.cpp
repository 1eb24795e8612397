#include "probes/net/listeners.hpp"

#include <algorithm>

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

std::optional<bool> Listener::held_by(const std::string& process) const {
  const bool named = std::ranges::any_of(processes, [&](const std::string& name) {
    return same_word(name, process) || same_word(name, process + ".exe");
  });
  if (!named && (processes.empty() || for_others)) {
    return std::nullopt;
  }
  return named;
}

}  // namespace reachd::net
