#include "config/blackbox.hpp"

#include <algorithm>
#include <array>

namespace reachd::config::blackbox {
namespace {

constexpr std::array<std::string_view, 5> kProbers{"http", "tcp", "icmp", "dns", "unix"};

/// Of a list that is sorted by name.
template <typename T>
const T* find_named(const std::vector<T>& list, std::string_view name) noexcept {
  const auto place = std::ranges::lower_bound(list, name, {}, &T::name);
  return place != list.end() && place->name == name ? &*place : nullptr;
}

}  // namespace

std::string_view to_string(Prober prober) noexcept {
  return kProbers.at(static_cast<std::size_t>(prober));
}

const Module* Modules::find(std::string_view name) const noexcept {
  return find_named(modules, name);
}

const RefusedModule* Modules::find_refused(std::string_view name) const noexcept {
  return find_named(refused, name);
}

}  // namespace reachd::config::blackbox
