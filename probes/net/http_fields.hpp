#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/core/clock.hpp"
#include "probes/core/reader.hpp"
#include "probes/core/words.hpp"
#include "probes/net/http.hpp"

namespace reachd::net {

using reachd::is_field_value;
using reachd::is_token;

/// True for headers that may go to another host than they were written for: any other may be a
/// credential.
bool may_travel(std::string_view name) noexcept;

/// Reads the map `headers`: names and values, where `NAME_file` is a file with the value. What the
/// exchange says itself (Content-Length, Transfer-Encoding, Connection) is an error.
std::vector<std::pair<std::string, Secret>> read_headers(Reader& params);

/// "Basic ..." (RFC 7617).
Secret basic_credentials(const std::string& user, const Secret& password);

/// How far the server's clock is ahead of ours, by its Date, which counts whole seconds; none where
/// it tells none, and of a cache's answer, which is as old as its Age says.
std::optional<Duration> clock_offset(const HttpResponse& response, const Clock& clock);

}  // namespace reachd::net
