// The settings of the HTTP client, which Prometheus' programs share (prometheus/common).
#include <algorithm>

#include "config/blackbox_reader.hpp"
#include "config/parts.hpp"
#include "probes/core/words.hpp"

namespace reachd::config::blackbox {
namespace {

// What the client or Prometheus sets itself (prometheus/common, config/headers.go).
constexpr std::array<std::string_view, 18> kReserved{"Authorization",
                                                     "Host",
                                                     "Content-Encoding",
                                                     "Content-Length",
                                                     "Content-Type",
                                                     "User-Agent",
                                                     "Connection",
                                                     "Keep-Alive",
                                                     "Proxy-Authenticate",
                                                     "Proxy-Authorization",
                                                     "Www-Authenticate",
                                                     "Accept-Encoding",
                                                     "X-Prometheus-Remote-Write-Version",
                                                     "X-Prometheus-Remote-Read-Version",
                                                     "X-Prometheus-Scrape-Timeout-Seconds",
                                                     "X-Amz-Date",
                                                     "X-Amz-Security-Token",
                                                     "X-Amz-Content-Sha256"};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string::npos ? std::string()
                                    : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<HttpClient::BasicAuth> read_basic_auth(Block& outer) {
  if (!outer.given("basic_auth")) {
    return std::nullopt;
  }
  Block block(outer.below("basic_auth"), outer.context(), outer.what_of("basic_auth"));
  HttpClient::BasicAuth result{
      .username = block.source({"username", "username_file", "username_ref"}),
      .password = block.source({"password", "password_file", "password_ref"})};
  block.done();
  return result;
}

void check_value(Block& block, std::string_view key, const Source& source) {
  if (!is_field_value(source.text.reveal())) {
    block.error(key, std::string(key) + " holds a line break");
  }
}

std::optional<HttpClient::Authorization> read_authorization(Block& outer) {
  HttpClient::Authorization result;
  if (outer.given("authorization")) {
    Block block(outer.below("authorization"), outer.context(), outer.what_of("authorization"));
    const std::string type = trimmed(block.text("type"));
    if (same_word(type, "basic")) {
      block.error("type", "type can't be basic: basic_auth is for that");
    } else if (!type.empty() && !is_token(type)) {
      block.error("type", "type is one word, such as Bearer");
    }
    result.type = type.empty() ? result.type : type;
    result.credentials = block.source({"credentials", "credentials_file", "credentials_ref"});
    check_value(block, "credentials", result.credentials);
    block.done();
    return result;
  }
  result.credentials = {.text = Secret(outer.text("bearer_token")),
                        .file = outer.file("bearer_token_file")};
  check_value(outer, "bearer_token", result.credentials);
  return result.credentials.given() ? std::optional(result) : std::nullopt;
}

/// The values of one header, of which each may be in the file or in a file of its own.
std::vector<Source> read_values(const Value::Member& member, Block& outer, std::string_view key) {
  Block block(member.value, outer.context(), outer.what_of(key) + ": " + member.key.substr(0, 60));
  std::vector<Source> sources;
  for (const std::string_view list : {"values", "secrets"}) {
    for (const Value& item : placed_texts(block, list)) {
      check_header_value(block, item.place, member.key, item.scalar);
      sources.push_back({.text = Secret(item.scalar), .file = {}});
    }
  }
  for (std::string& file : block.files("files")) {
    sources.push_back({.text = {}, .file = std::move(file)});
  }
  block.done();
  return sources;
}

}  // namespace

bool check_header_name(Block& block, const Place& place, std::string_view name) {
  if (is_token(name)) {
    return true;
  }
  block.diagnostics().error(
      place, block.what() + ": \"" + std::string(name.substr(0, 60)) + "\" is no name of a header");
  return false;
}

void check_header_value(Block& block, const Place& place, std::string_view name,
                        std::string_view value) {
  if (!is_field_value(value)) {
    block.diagnostics().error(place, block.what() + ": the value of " +
                                         std::string(name.substr(0, 60)) + " holds a line break");
  }
}

std::vector<HttpClient::Header> read_http_headers(Block& block, std::string_view key) {
  std::vector<HttpClient::Header> result;
  const Value& map = block.below(key);
  Reader shape(map, block.diagnostics(), block.what_of(key));  // says if it is no map
  for (const Value::Member& member : map.members) {
    const auto same = [&](std::string_view word) { return same_word(word, member.key); };
    if (check_header_name(block, member.place, member.key) &&
        std::ranges::any_of(kReserved, same)) {
      block.diagnostics().error(member.place, block.what_of(key) + ": " + member.key +
                                                  " is the client's to set; `headers` may hold it");
    }
    result.push_back({.name = member.key, .values = read_values(member, block, key)});
  }
  return result;
}

HttpClient read_http_client(Block& block) {
  HttpClient client;
  block.at_most_one({"basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file"});
  client.basic_auth = read_basic_auth(block);
  client.authorization = read_authorization(block);
  block.refuse_if_written("oauth2",
                          "reachd fetches no tokens; authorization takes one from a file");
  client.tls_config = read_tls_config(block);
  client.follow_redirects = block.flag("follow_redirects", true);
  block.flag("enable_http2", true);  // HTTP/1.1 is spoken either way
  read_proxy(block, client);
  client.http_headers = read_http_headers(block, "http_headers");
  return client;
}

}  // namespace reachd::config::blackbox
