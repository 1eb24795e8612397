#include "tests/fuzz/web_targets.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "config/selector.hpp"
#include "config/settings.hpp"
#include "config/web_config.hpp"
#include "daemon/blackbox/service.hpp"
#include "daemon/metrics/format.hpp"
#include "daemon/web/credentials.hpp"
#include "daemon/web/gzip.hpp"
#include "daemon/web/host_names.hpp"
#include "daemon/web/query.hpp"
#include "daemon/web/records.hpp"
#include "daemon/web/request_reader.hpp"
#include "daemon/web/router.hpp"
#include "probes/core/bytes.hpp"
#include "probes/net/http_fields.hpp"
#include "tests/daemon/fake_reading.hpp"

namespace reachd::fuzz {
namespace {

constexpr WallTime kNow = test::FakeReading::kFirst + std::chrono::hours(1);

const test::FakeReading& journal() {
  static const test::FakeReading kJournal({"custom/a", "custom/b", "custom/c"});
  return kJournal;
}

void must(bool holds) {
  if (!holds) {
    std::abort();
  }
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

/// All that looks at a request that was read.
void answer(const web::Request& request) {
  must(request.path.starts_with('/') && !has_control(request.path));
  for (const auto& [key, value] : request.query) {
    must(!has_control(key) && !has_control(value));
  }
  for (const bool loopback : {true, false}) {
    const web::Match where = web::match(request.method, request.path, loopback);
    must(where.rest.size() < request.path.size());
  }
  const auto list = web::ListQuery::parse(request.query);
  must(!list || (list->limit() > 0 && list->limit() <= web::ListQuery::kMaxLimit));
  web::EventFilter filter;
  for (const auto& [key, value] : request.query) {
    const auto taken = filter.take(key, value);
    must(taken || !taken.error().empty());
  }
  must(web::events(journal(), request, kNow).status <= 503);
  must(web::report(journal(), request, kNow).status <= 503);
}

/// What became of bytes that came in pieces: the requests in them, and whether the rest was
/// refused.
struct Outcome {
  std::vector<std::string> requests;
  bool refused = false;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  web::RequestReader reader({});
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size() && !outcome.refused; at += piece) {
    auto state = reader.put(bytes.substr(at, piece));
    while (state && *state == web::RequestReader::State::done) {
      const auto request = reader.take();
      if (!request) {
        outcome.refused = true;
        return outcome;
      }
      answer(*request);
      outcome.requests.push_back(request->method + ' ' + request->path + ' ' + request->host);
      state = reader.put({});
    }
    reader.wants_continue();
    outcome.refused = !state;
  }
  return outcome;
}

}  // namespace

void web_accept(std::span<const std::byte> bytes) {
  web::accepts_gzip(as_text(bytes));
  const auto type = metrics::content_type(metrics::negotiate(as_text(bytes)));
  must(type.starts_with("text/plain") || type.starts_with("application/openmetrics-text"));
}

void web_config(std::span<const std::byte> bytes) {
  Diagnostics diagnostics;
  const auto config = config::read_web_config(as_text(bytes), "web.yml", diagnostics);
  must(config.has_value() == diagnostics.ok());
  for (const config::WebUser& user : config ? config->users : std::vector<config::WebUser>()) {
    must(user.hash.reveal().size() == 60 && user.name.find(':') == std::string::npos);
  }
  for (const auto& header : config ? config->headers : config::Labels()) {
    must(!has_control(header.second));
  }
}

void web_credentials(std::span<const std::byte> bytes) {
  const auto credentials = web::parse_credentials(as_text(bytes));
  if (credentials) {
    must(credentials->user.find(':') == std::string::npos);
    must(credentials->user.size() + credentials->password.reveal().size() < bytes.size());
    const auto again = web::parse_credentials(
        net::basic_credentials(credentials->user, credentials->password).reveal());
    must(again && again->user == credentials->user && again->password == credentials->password);
  }
}

void web_host(std::span<const std::byte> bytes) {
  static const std::vector<std::string> kNames = {"beacon.example.com", "10.0.0.1"};
  if (web::is_own_host(as_text(bytes), {})) {
    must(web::is_own_host(as_text(bytes), kNames));
  }
}

void web_query(std::span<const std::byte> bytes) {
  auto parts = web::parse_request_target(as_text(bytes));
  if (parts) {
    web::Request request;
    request.method = "GET";
    request.path = std::move(parts->path);
    request.query = std::move(parts->query);
    answer(request);
  }
  const auto selector = config::Selector::parse(as_text(bytes));
  must(selector || !selector.error().empty());
}

void web_request(std::span<const std::byte> bytes) {
  const Outcome whole = read(as_text(bytes), std::max<std::size_t>(1, bytes.size()));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
    // The pieces make no other requests. What is wrong with an unfinished one may be seen later.
    const Outcome pieces = read(as_text(bytes), piece);
    must(pieces.requests == whole.requests && (whole.refused || !pieces.refused));
  }
}

void web_scrape_timeout(std::span<const std::byte> bytes) {
  for (const auto module : {std::chrono::seconds(0), std::chrono::seconds(5)}) {
    const auto limit = blackbox::time_limit(as_text(bytes), module);
    must(!limit || (*limit >= 0 && *limit <= 24 * 3600));
  }
}

void web_stream(std::span<const std::byte> bytes) {
  const auto after = web::sequence_after(journal(), std::string(as_text(bytes)));
  must(after && (!*after || (**after >= 0 && **after <= journal().last_sequence())));
}

}  // namespace reachd::fuzz
