#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/core/clock.hpp"
#include "probes/core/target.hpp"
#include "probes/net/http.hpp"

namespace reachd::blackbox {

/// The cookies of one probe, kept across its redirects (RFC 6265): at most 50, of 4 KiB each. There
/// is no list of public suffixes: a Domain has at least one dot inside, and covers the host that
/// sets it. Pure.
class CookieJar {
 public:
  /// Keeps what the response to a request for `url` sets; `now` tells what has expired.
  void take(const Target& url, const net::HttpResponse& response, WallTime now);
  /// The value of the header Cookie for a request for `url`: "a=1; b=2"; empty if there is none.
  std::string line_for(const Target& url) const;

 private:
  struct Cookie {
    std::string name;
    std::string value;
    std::string domain;  ///< without a leading dot
    std::string path;
    bool host_only = true;
    bool secure = false;

    bool fits(const Target& url) const;
  };

  void take_line(const Target& url, std::string_view line, WallTime now);

  std::vector<Cookie> cookies_;
};

}  // namespace reachd::blackbox
