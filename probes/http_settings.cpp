#include "probes/http_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <optional>

#include "probes/core/words.hpp"
#include "probes/net/http_fields.hpp"

namespace reachd {
namespace {

constexpr std::int64_t kMostBody = std::int64_t{64} * 1024 * 1024;
constexpr std::size_t kLongestRequestBody = std::size_t{1024} * 1024;

std::optional<int> status_number(std::string_view digits) {
  int value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool good =
      code == std::errc{} && end == digits.data() + digits.size() && value >= 100 && value <= 999;
  return good ? std::optional(value) : std::nullopt;
}

std::vector<HttpSettings::StatusRange> read_statuses(Reader& params) {
  std::vector<HttpSettings::StatusRange> result;
  for (const std::string& text : params.texts("expect_status")) {
    const std::size_t dash = text.find('-');
    const auto first = status_number(std::string_view(text).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : status_number(std::string_view(text).substr(dash + 1));
    if (!first || !last || *last < *first) {
      params.error("expect_status",
                   "expect_status holds statuses such as 401 and ranges such as "
                   "\"200-299\", not \"" +
                       text.substr(0, 40) + "\"");
      continue;
    }
    result.push_back({*first, *last});
  }
  return result;
}

std::vector<Pattern> read_patterns(Reader& params, std::string_view key) {
  std::vector<Pattern> result;
  for (const std::string& text : params.texts(key)) {
    auto pattern = Pattern::compile(text);
    if (pattern) {
      result.push_back(std::move(*pattern));
    } else {
      params.error(key, std::string(key) + ": " + pattern.error());
    }
  }
  return result;
}

std::vector<HttpSettings::HeaderRule> read_header_rules(Reader& params, std::string_view key) {
  std::vector<HttpSettings::HeaderRule> result;
  for (const Value& item : params.list(key)) {
    Reader reader(item, params.diagnostics(), params.what() + " " + std::string(key));
    std::string name = reader.required_text("name");
    auto pattern = Pattern::compile(reader.text("pattern"));
    if (!pattern) {
      reader.error("pattern", pattern.error());
    } else {
      result.push_back({std::move(name), std::move(*pattern)});
    }
    reader.done();
  }
  return result;
}

void read_credentials(Reader& params, HttpSettings& settings) {
  const auto bearer = params.secret("bearer");
  if (bearer) {
    settings.authorization = Secret("Bearer " + bearer->reveal());
  }
  if (const Value* map = params.raw("basic")) {
    Reader reader(*map, params.diagnostics(), params.what() + " basic");
    const std::string user = reader.required_text("user");
    const Secret password = reader.secret("password").value_or(Secret{});
    reader.done();
    if (user.contains(':')) {
      reader.error("user", "user can't hold a colon (RFC 7617)");
    }
    if (bearer) {
      params.error("basic", "basic and bearer exclude each other");
    }
    settings.authorization = net::basic_credentials(user, password);
  }
  if (!is_field_value(settings.authorization.reveal())) {
    params.error("bearer", "the credentials hold a line break");
  }
}

std::string read_body(Reader& params) {
  std::string body = params.text("body");
  const auto file = params.readable_file("body_file");
  if (!file) {
    return body;
  }
  if (!body.empty()) {
    params.error("body_file", "body and body_file exclude each other");
  }
  std::ifstream stream(*file, std::ios::binary);
  body.assign(kLongestRequestBody + 1, '\0');
  stream.read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(stream.gcount()));
  if (body.size() > kLongestRequestBody) {
    params.error("body_file", "body_file: the file is larger than 1 MiB");
  }
  return body;
}

/// The target as a URL: without a scheme, port 443 is https and every other http.
Target as_url(const Target& target, Reader& params) {
  Target url = target;
  if (url.scheme.empty()) {
    url.scheme = url.port == 443 ? "https" : "http";
    url.path = "/";
  }
  if (url.scheme != "http" && url.scheme != "https") {
    params.error({}, "the target of an http check is a URL with http or https, not " + url.scheme);
  }
  return url;
}

}  // namespace

HttpSettings read_http_settings(const Target& target, Reader& params) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCompression{
      {{"none", ""}, {"gzip", "gzip"}, {"deflate", "deflate"}, {"any", "gzip, deflate"}}};
  HttpSettings settings;
  settings.target = as_url(target, params);
  settings.method = params.text("method", "GET");
  if (!is_token(settings.method) || settings.method == "CONNECT") {
    params.error("method", "method is an HTTP method such as GET, HEAD or POST");
  }
  settings.headers = net::read_headers(params);
  read_credentials(params, settings);
  settings.accept_encoding = params.choice<std::string_view>("compression", "", kCompression);
  settings.body = read_body(params);
  settings.expect_status = read_statuses(params);
  settings.expect_body = read_patterns(params, "expect_body");
  settings.reject_body = read_patterns(params, "reject_body");
  settings.expect_header = read_header_rules(params, "expect_header");
  settings.reject_header = read_header_rules(params, "reject_header");
  settings.follow_redirects = params.boolean("follow_redirects", true);
  settings.max_redirects = static_cast<int>(params.integer("max_redirects", 5, 0, 20));
  settings.max_body =
      static_cast<std::size_t>(params.integer("max_body", std::int64_t{1024} * 1024, 0, kMostBody));
  if (settings.max_body == 0 && settings.wants_body()) {
    params.error("max_body", "max_body: 0 leaves no body for expect_body and reject_body");
  }
  settings.tcp = net::read_tcp(params);
  settings.proxy = net::read_proxy(params);
  settings.tls = net::read_tls(params, net::TlsOptions::Verify::strict);
  auto elsewhere = std::make_shared<net::TlsOptions>(*settings.tls);
  elsewhere->server_name.clear();
  settings.tls_elsewhere = std::move(elsewhere);
  return settings;
}

}  // namespace reachd
