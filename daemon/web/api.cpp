#include "daemon/web/api.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "daemon/json/json.hpp"
#include "daemon/web/discovery.hpp"
#include "daemon/web/glance.hpp"
#include "daemon/web/page.hpp"
#include "daemon/web/query.hpp"
#include "daemon/web/records.hpp"

namespace reachd::web {
namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;
/// Each scrape under way holds a copy of the statuses, 1.5 MB for 10,000 checks.
constexpr long kMaxScrapes = 8;
constexpr std::string_view kJson = "application/json";

/// The per-check series, then the daemon's own, then the end mark.
class MetricsBody final : public Body {
 public:
  MetricsBody(std::optional<metrics::CheckScrape> checks, std::string own, metrics::Format format,
              std::shared_ptr<const int> token)
      : checks_(std::move(checks)),
        own_(std::move(own)),
        format_(format),
        token_(std::move(token)) {}

  bool next(std::string& out) override {
    if (checks_ && checks_->next(out, kPiece)) {
      return true;
    }
    out += own_;
    metrics::append_end(out, format_);
    return false;
  }

 private:
  std::optional<metrics::CheckScrape> checks_;
  std::string own_;
  metrics::Format format_;
  std::shared_ptr<const int> token_;
};

/// A page of rows: {"total", "offset", "limit", "next_offset", "checks": [...]}.
class RowsBody final : public Body {
 public:
  RowsBody(std::shared_ptr<const engine::Board> board, const ListQuery& query, bool with_state)
      : board_(std::move(board)), with_state_(with_state), out_(text_) {
    if (with_state && query.detail() == Detail::brief) {
      brief_.emplace(board_->plan());
    }
    std::size_t total = 0;
    for (std::uint32_t check = 0; check < board_->size(); ++check) {
      if (query.matches(*board_, check)) {
        if (total >= query.offset() && page_.size() < query.limit()) {
          page_.push_back(check);
        }
        ++total;
      }
    }
    out_.begin_object().member("total", total).member("offset", query.offset());
    out_.member("limit", query.limit()).key("next_offset");
    if (!page_.empty() && query.offset() + page_.size() < total) {
      out_.value(query.offset() + page_.size());
    } else {
      out_.null();
    }
    out_.key("checks").begin_array();
  }

  bool next(std::string& out) override {
    const config::Plan& plan = board_->plan();
    while (next_ < page_.size() && text_.size() < kPiece) {
      const std::uint32_t check = page_[next_++];
      if (brief_) {
        write_brief(out_, *brief_, glance_at(*board_, check));
      } else if (with_state_) {
        json::write_check_status(out_, plan, plan.checks[check], board_->status(check));
      } else {
        json::write_plan_row(out_, plan, plan.checks[check]);
      }
    }
    const bool more = next_ < page_.size();
    if (!more) {
      out_.end_array().end_object();
      text_ += '\n';
    }
    out += text_;
    text_.clear();
    return more;
  }

 private:
  std::shared_ptr<const engine::Board> board_;
  bool with_state_;
  std::optional<FirewallWords> brief_;  ///< set: rows are brief
  std::vector<std::uint32_t> page_;
  std::size_t next_ = 0;
  std::string text_;
  json::Writer out_;
};

Response no_plan_yet() { return json_error(503, "there is no plan yet"); }

}  // namespace

Response Api::answer(const Match& where, const Request& request) {
  switch (where.route) {
    case Route::index:
      return status_page(callbacks_.board().get(), request, system_clock().wall_now());
    case Route::page_file:
      return page_file(where.rest, request);
    case Route::metrics:
      return metrics(request);
    case Route::healthy:
      return callbacks_.healthy() ? plain(200, "reachd is healthy.")
                                  : plain(503, "The scheduler does not move.");
    case Route::ready:
      return callbacks_.ready() ? plain(200, "reachd is ready.")
                                : plain(503, "reachd is not ready.");
    case Route::checks:
      return checks(request, true);
    case Route::plan:
      return checks(request, false);
    case Route::check:
      return check(where.rest, request);
    case Route::discovery: {
      auto board = callbacks_.board();
      return board ? discovery(std::move(board), request.query) : no_plan_yet();
    }
    case Route::forbidden:
      return plain(403,
                   "This needs authentication on an address beyond loopback; only /metrics, "
                   "/-/healthy and /-/ready are open there.");
    case Route::misdirected:
      return plain(
          421,
          "This is not the host of that name; ask by 127.0.0.1, localhost, this host's own "
          "name or the one in alerting.external_url.");
    case Route::method_not_allowed: {
      Response response = plain(405, "This path takes " + std::string(where.allow) + ".");
      response.headers.emplace_back("Allow", where.allow);
      return response;
    }
    case Route::reload:
    case Route::events:
    case Route::report:
    case Route::stream:
    case Route::probe:
    case Route::not_found:
      break;
  }
  return plain(404, "There is nothing here; / says what there is.");
}

bool Api::scrapes_are_full() const noexcept { return scrapes_.use_count() > kMaxScrapes; }

Response Api::metrics(const Request& request) {
  if (scrapes_are_full()) {
    Response response = plain(503, "Too many scrapes are under way.");
    response.headers.emplace_back("Retry-After", "5");
    return response;
  }
  const metrics::Format format = metrics::negotiate(request.accept);
  std::optional<metrics::CheckScrape> scrape;
  metrics::StateCounts states{};
  if (auto board = callbacks_.board()) {
    scrape = exposition_.scrape(std::move(board), format);
    states = scrape->states();
  }
  Response response;
  response.content_type = metrics::content_type(format);
  response.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  response.body = std::make_unique<MetricsBody>(
      std::move(scrape), callbacks_.own_series(format, states), format, scrapes_);
  return response;
}

Response Api::checks(const Request& request, bool with_state) {
  const auto query = ListQuery::parse(request.query);
  if (!query) {
    return json_error(400, query.error());
  }
  auto board = callbacks_.board();
  if (!board) {
    return no_plan_yet();
  }
  Response response;
  response.content_type = kJson;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.body = std::make_unique<RowsBody>(std::move(board), *query, with_state);
  return response;
}

Response Api::check(std::string_view id, const Request& request) {
  Detail detail = Detail::full;
  for (const auto& [key, value] : request.query) {
    const auto wanted = key == "view" ? parse_detail(value) : std::nullopt;
    if (!wanted) {
      return json_error(400, "of one check only view=full and view=brief can be asked for");
    }
    detail = *wanted;
  }
  const auto board = callbacks_.board();
  if (!board) {
    return no_plan_yet();
  }
  const auto index = board->find(id);
  if (!index) {
    return json_error(404, "no check has this id");
  }
  Response response;
  response.content_type = kJson;
  json::Writer out(response.text);
  const config::Plan& plan = board->plan();
  if (detail == Detail::brief) {
    write_brief(out, FirewallWords(plan), glance_at(*board, *index));
  } else {
    json::write_check_status(out, plan, plan.checks[*index], board->status(*index));
  }
  response.text += '\n';
  return response;
}

}  // namespace reachd::web
