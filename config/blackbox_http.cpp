// The block http.
#include <algorithm>
#include <charconv>

#include "config/blackbox_reader.hpp"
#include "config/parts.hpp"
#include "probes/core/words.hpp"

namespace reachd::config::blackbox {
namespace {

constexpr std::string_view kNoCel = "reachd has no CEL; fail_if_body_matches_regexp may do";
/// What the exchange says itself.
constexpr std::array<std::string_view, 3> kOurs{"Content-Length", "Transfer-Encoding", "Trailer"};

std::vector<int> read_statuses(Block& block) {
  std::vector<int> statuses;
  for (const Value& item : placed_texts(block, "valid_status_codes")) {
    const std::string& digits = item.scalar;
    int status = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    if (error != std::errc{} || end != digits.data() + digits.size() || status < 100 ||
        status > 999) {
      block.diagnostics().error(item.place, block.what_of("valid_status_codes") +
                                                ": a status is 100 to 999, not \"" +
                                                digits.substr(0, 60) + "\"");
    } else {
      statuses.push_back(status);
    }
  }
  return statuses;
}

void read_versions(Block& block, Http& http) {
  http.valid_http_versions = block.texts("valid_http_versions");
  const auto has = [&](std::string_view version) {
    return std::ranges::count(http.valid_http_versions, version) > 0;
  };
  const bool http3 = block.flag("enable_http3", false);
  if (http3) {
    block.refuse("enable_http3", "reachd speaks HTTP/1.1");
  } else if (has("HTTP/3.0")) {
    block.error("valid_http_versions", "HTTP/3.0 is valid only with enable_http3");
  } else if (!http.valid_http_versions.empty() && !has("HTTP/1.1") && !has("HTTP/1.0")) {
    block.refuse("valid_http_versions", "reachd speaks HTTP/1.1, so every probe would fail");
  }
}

/// True if a server that follows `accepted` (Accept-Encoding; RFC 9110, 12.5.3) may use `encoding`.
bool accepts(std::string_view accepted, std::string_view encoding) {
  double quality = 0;
  double best = -1;
  while (!accepted.empty()) {
    const std::size_t comma = std::min(accepted.find(','), accepted.size());
    std::string entry(accepted.substr(0, comma));
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    std::erase(entry, ' ');
    const std::size_t semicolon = std::min(entry.rfind(';'), entry.size());
    const std::string_view name = std::string_view(entry).substr(0, semicolon);
    std::string_view weight = std::string_view(entry).substr(semicolon);
    quality = 1;
    if (weight.starts_with(";")) {
      weight.remove_prefix(weight.starts_with(";q=") ? 3 : 1);
      const auto parsed = std::from_chars(weight.data(), weight.data() + weight.size(), quality);
      quality = parsed.ec == std::errc{} ? quality : 0;
    }
    // The one that is liked best counts, the first of those that are liked alike.
    if ((name == encoding || name == "*") && quality > best) {
      best = quality;
    }
  }
  return best > 0;
}

void read_compression(Block& block, Http& http) {
  using Compression = Http::Compression;
  constexpr std::array<std::pair<std::string_view, std::optional<Compression>>, 5> kWords{
      {{"gzip", Compression::gzip},
       {"deflate", Compression::deflate},
       {"identity", Compression::identity},
       {"", Compression::none},
       {"br", std::nullopt}}};
  const auto compression =
      block.choice<std::optional<Compression>>("compression", Compression::none, kWords);
  http.compression = compression.value_or(Compression::none);
  if (!compression) {
    block.refuse("compression", "reachd has no Brotli; gzip, deflate and identity are read");
  }
  const std::string word = block.text("compression");
  const auto header = std::ranges::find_if(
      http.headers, [](const auto& pair) { return same_word(pair.first, "Accept-Encoding"); });
  if (!word.empty() && header != http.headers.end() && !header->second.empty() &&
      !accepts(header->second.reveal(), word)) {
    block.error("compression", "the header Accept-Encoding does not let a server use " + word);
  }
}

void read_headers(Block& block, Http& http) {
  const Value& map = block.below("headers");
  Reader reader(map, block.diagnostics(), block.what_of("headers"));
  for (const Value::Member& member : map.members) {
    const std::string& name = member.key;
    const std::string value = reader.text(name);
    check_header_name(block, member.place, name);
    check_header_value(block, member.place, name, value);
    const auto same = [&](std::string_view other) { return same_word(other, name); };
    if (std::ranges::any_of(kOurs, same)) {
      reader.error(name, name + " is the exchange's to say");
    } else if (std::ranges::any_of(http.headers, same,
                                   &decltype(http.headers)::value_type::first)) {
      reader.error(name, "the header " + name + " stands here twice, in other letters");
    }
    http.headers.emplace_back(name, Secret(value));
  }
}

std::vector<HeaderMatch> read_header_matches(Block& outer, std::string_view key) {
  std::vector<HeaderMatch> result;
  for (const Value& item : outer.list(key)) {
    Block block(item, outer.context(), outer.what_of(key));
    const std::string header = block.required_text("header");
    auto pattern = block.required_text("regexp").empty() ? std::nullopt : block.pattern("regexp");
    const bool allow_missing = block.flag("allow_missing", false);
    block.done();
    if (pattern) {
      result.push_back(
          {.header = header, .pattern = std::move(*pattern), .allow_missing = allow_missing});
    }
  }
  return result;
}

void read_judgement(Block& block, Http& http) {
  http.valid_status_codes = read_statuses(block);
  http.body_size_limit = block.binary_size("body_size_limit");
  http.fail_if_ssl = block.flag("fail_if_ssl", false);
  http.fail_if_not_ssl = block.flag("fail_if_not_ssl", false);
  http.fail_if_body_matches = block.patterns("fail_if_body_matches_regexp");
  http.fail_if_body_not_matches = block.patterns("fail_if_body_not_matches_regexp");
  http.fail_if_header_matches = read_header_matches(block, "fail_if_header_matches");
  http.fail_if_header_not_matches = read_header_matches(block, "fail_if_header_not_matches");
  block.refuse_if_written("fail_if_body_json_matches_cel", kNoCel);
  block.refuse_if_written("fail_if_body_json_not_matches_cel", kNoCel);
  block.refuse_if_on(
      "check_revoked",
      "reachd fetches no revocation lists for /probe; `checks:` have tls.revocation");
}

}  // namespace

Http read_http(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  Http http;
  http.address = read_address_choice(block);
  http.skip_resolve_with_proxy = block.flag("skip_resolve_phase_with_proxy", false);
  const std::string method = block.text("method");
  if (!method.empty() && !is_token(method)) {
    block.error("method", "method is one word, such as GET");
  }
  http.method = method.empty() ? http.method : method;
  block.at_most_one({"body", "body_file"});
  http.body = {.text = Secret(block.text("body")), .file = block.file("body_file")};
  read_headers(block, http);
  read_compression(block, http);
  http.client = read_http_client(block);
  http.client.follow_redirects = !block.flag("no_follow_redirects", !http.client.follow_redirects);
  read_versions(block, http);
  read_judgement(block, http);
  block.done();
  return http;
}

}  // namespace reachd::config::blackbox
