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

/// Says over the stream what the module has for it: TLS first, if it is to be, then its steps, each
/// `expect`, `send` and `starttls` in this order; true if all went well. Adds the samples of TLS,
/// probe_failed_due_to_regex, probe_failed_due_to_bytes and probe_expect_info. `host` is for SNI
/// and the name check, unless the module has a name. A line has at most 64 KiB; time is the
/// deadline's.
asio::awaitable<bool> converse(Run& run, std::unique_ptr<net::Stream> stream,
                               const config::blackbox::Conversation& conversation,
                               std::string host);

/// Go's Regexp.Expand: `$1`, `${1}`, `$name`, `${name}` by what the groups matched (nothing for
/// those that there are not), `$$` by a dollar.
std::string expand(std::string_view form, const Pattern& pattern,
                   const std::vector<std::string_view>& groups);

}  // namespace reachd::blackbox
