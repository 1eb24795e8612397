#include "probes/net/http_fields.hpp"

#include <algorithm>
#include <array>

#include "probes/core/words.hpp"
#include "probes/net/http_text.hpp"

namespace reachd::net {

bool may_travel(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 5> kHarmless{
      "Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "User-Agent"};
  return std::ranges::any_of(kHarmless,
                             [&](std::string_view harmless) { return same_word(harmless, name); });
}

std::vector<std::pair<std::string, Secret>> read_headers(Reader& params) {
  const Value* map = params.raw("headers");
  if (map == nullptr) {
    return {};
  }
  Reader reader(*map, params.diagnostics(), params.what() + " headers");
  std::vector<std::string> names;
  for (const Value::Member& member : map->members) {
    // `X-Token_file: path` is the file's first line as X-Token; no header's name ends so.
    constexpr std::string_view kFile = "_file";
    const std::string name = member.key.ends_with(kFile)
                                 ? member.key.substr(0, member.key.size() - kFile.size())
                                 : member.key;
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
  constexpr std::array<std::string_view, 3> kOurs{"content-length", "transfer-encoding",
                                                  "connection"};
  std::vector<std::pair<std::string, Secret>> headers;
  for (const std::string& name : names) {
    const auto value = reader.secret(name);
    const bool ours =
        std::ranges::any_of(kOurs, [&](std::string_view own) { return same_word(own, name); });
    if (!is_token(name) || ours) {
      reader.error(name, "\"" + name.substr(0, 60) + "\" is no header that can be set");
    } else if (value && !is_field_value(value->reveal())) {
      reader.error(name, "the value of " + name + " holds a line break");
    } else if (value) {
      headers.emplace_back(name, *value);
    }
  }
  return headers;
}

Secret basic_credentials(const std::string& user, const Secret& password) {
  return Secret("Basic " + base64(user + ":" + password.reveal()));
}

std::optional<Duration> clock_offset(const HttpResponse& response, const Clock& clock) {
  const std::string* date = response.header("Date");
  const auto told = date == nullptr ? std::nullopt : parse_http_date(*date);
  if (!told || response.header("Age") != nullptr) {
    return std::nullopt;
  }
  return *told - (clock.wall_now() - (clock.steady_now() - response.head_at));
}

}  // namespace reachd::net
