#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/blackbox.hpp"
#include "daemon/blackbox/run.hpp"
#include "probes/net/stream.hpp"

namespace reachd::blackbox {

/// The steps of `query_response` and what STARTTLS in them needs.
struct Dialogue {
  const std::vector<config::blackbox::QueryStep>& steps;
  const config::blackbox::TlsConfig& tls;
  std::string host;  ///< for SNI and the name check, unless `tls` has a name
};

/// Speaks them over the stream, each `expect`, `send` and `starttls` in this order; true if all
/// went well. Adds probe_failed_due_to_regex, probe_failed_due_to_bytes and probe_expect_info. A
/// line has at most 64 KiB; time is the deadline's.
asio::awaitable<bool> speak(Run& run, std::unique_ptr<net::Stream> stream, Dialogue dialogue);

/// Go's Regexp.Expand: `$1`, `${1}`, `$name`, `${name}` by what the groups matched (nothing for
/// those that there are not), `$$` by a dollar.
std::string expand(std::string_view form, const Pattern& pattern,
                   const std::vector<std::string_view>& groups);

}  // namespace reachd::blackbox
