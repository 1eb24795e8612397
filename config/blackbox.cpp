#include "config/blackbox.hpp"

#include <algorithm>
#include <array>

namespace reachd::config::blackbox {
namespace {

constexpr std::array<std::string_view, 5> kProbers{"http", "tcp", "icmp", "dns", "unix"};

}  // namespace

std::string_view to_string(Prober prober) noexcept {
  return kProbers.at(static_cast<std::size_t>(prober));
}

const Module* Modules::find(std::string_view name) const noexcept {
  const auto place = std::ranges::lower_bound(modules, name, {}, &Module::name);
  return place != modules.end() && place->name == name ? &*place : nullptr;
}

}  // namespace reachd::config::blackbox
