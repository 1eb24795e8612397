#include "daemon/web/router.hpp"

#include <array>

namespace reachd::web {
namespace {

enum class Audience : std::uint8_t { anyone, trusted };

struct Entry {
  std::string_view path;  ///< ends with '/' and is not the root: any path that goes on
  std::string_view methods;
  Audience audience;
  Route route;
};

constexpr std::string_view kRead = "GET, HEAD";
constexpr std::string_view kPost = "POST";

constexpr std::array kEntries = {
    Entry{"/", kRead, Audience::trusted, Route::index},
    Entry{"/page/", kRead, Audience::trusted, Route::page_file},
    Entry{"/metrics", kRead, Audience::anyone, Route::metrics},
    Entry{"/-/healthy", kRead, Audience::anyone, Route::healthy},
    Entry{"/-/ready", kRead, Audience::anyone, Route::ready},
    Entry{"/-/reload", kPost, Audience::trusted, Route::reload},
    Entry{"/api/v1/checks", kRead, Audience::trusted, Route::checks},
    Entry{"/api/v1/checks/", kRead, Audience::trusted, Route::check},
    Entry{"/api/v1/events", kRead, Audience::trusted, Route::events},
    Entry{"/api/v1/plan", kRead, Audience::trusted, Route::plan},
    Entry{"/api/v1/report", kRead, Audience::trusted, Route::report},
    Entry{"/api/v1/stream", kRead, Audience::trusted, Route::stream},
    Entry{"/sd/prometheus", kRead, Audience::trusted, Route::discovery},
    Entry{"/probe", kRead, Audience::trusted, Route::probe},
};

bool is_prefix(const Entry& entry) noexcept {
  return entry.path.size() > 1 && entry.path.ends_with('/');
}

bool leads_to(const Entry& entry, std::string_view path) noexcept {
  return is_prefix(entry) ? path.size() > entry.path.size() && path.starts_with(entry.path)
                          : path == entry.path;
}

bool allows(std::string_view methods, std::string_view method) noexcept {
  return methods == kRead ? method == "GET" || method == "HEAD" : method == methods;
}

}  // namespace

Match match(std::string_view method, std::string_view path, bool trusted) noexcept {
  for (const Entry& entry : kEntries) {
    if (!leads_to(entry, path)) {
      continue;
    }
    Match found;
    if (entry.audience == Audience::trusted && !trusted) {
      found.route = Route::forbidden;
    } else if (!allows(entry.methods, method)) {
      found.route = Route::method_not_allowed;
      found.allow = entry.methods;
    } else {
      found.route = entry.route;
      found.rest = is_prefix(entry) ? path.substr(entry.path.size()) : std::string_view();
    }
    return found;
  }
  return {};
}

}  // namespace reachd::web
