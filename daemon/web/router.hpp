#pragma once

#include <cstdint>
#include <string_view>

namespace reachd::web {

enum class Route : std::uint8_t {
  not_found,
  method_not_allowed,
  forbidden,
  misdirected,
  index,
  page_file,
  metrics,
  healthy,
  ready,
  reload,
  checks,
  check,
  plan,
  events,
  report,
  stream,
  discovery,
  probe,
};

struct Match {
  Route route = Route::not_found;
  std::string_view rest;   ///< of `check`: the id; of `page_file`: the name
  std::string_view allow;  ///< the methods of the path, for 405
};

/// Where a request goes. `path` is decoded and is taken as it is: ".." means nothing here. What is
/// neither a scrape nor a health path is forbidden to those who are not trusted: who asks on an
/// address beyond loopback, where anyone may ask, and has not proven who they are.
Match match(std::string_view method, std::string_view path, bool trusted) noexcept;

}  // namespace reachd::web
