#include "daemon/web/host_names.hpp"

#include <algorithm>

#include "probes/core/address.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

/// "name:8080", "[::1]:8080", "name." become the bare name or address.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) {
    host.remove_suffix(1);
  }
  return host;
}

}  // namespace

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
  if (host.empty()) {
    return true;
  }
  const std::string name = lower(without_port(host));
  return name == "localhost" || name.ends_with(".localhost") ||
         IpAddress::parse(name).has_value() ||
         std::ranges::any_of(names, [&](const std::string& own) { return same_word(own, name); });
}

}  // namespace reachd::web
