#include "daemon/web/records.hpp"

#include <algorithm>

#include "daemon/event/ulid.hpp"
#include "daemon/json/event.hpp"
#include "daemon/json/report.hpp"
#include "daemon/json/time.hpp"
#include "daemon/json/writer.hpp"
#include "daemon/web/query.hpp"
#include "probes/core/duration.hpp"

namespace reachd::web {
namespace {

constexpr Duration kDefaultWindow = std::chrono::hours(24);
constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMostLimit = 1000;
/// A day by the minute.
constexpr std::size_t kMostSlots = 1440;
/// So many are looked at for one page; the next one goes on from there.
constexpr std::size_t kMostLooked = 50'000;

struct EventsQuery {
  journal::EventQuery rows;  ///< but for `after` and `before`
  std::string after;         ///< an event's id; empty: none
  std::string before;
  EventFilter filter;
};

/// RFC 3339, or how long ago.
std::optional<WallTime> parse_moment(const std::string& text, WallTime now) {
  if (const auto time = json::parse_rfc3339(text)) {
    return time;
  }
  const auto ago = parse_duration(text);
  return ago ? std::optional(now - *ago) : std::nullopt;
}

std::expected<EventsQuery, std::string> parse(const Request& request, WallTime now) {
  EventsQuery query;
  query.rows.newest_first = true;
  query.rows.limit = kDefaultLimit;
  for (const auto& [key, value] : request.query) {
    if (key == "since" || key == "until") {
      const auto time = parse_moment(value, now);
      if (!time) {
        return std::unexpected(key + " is a time such as 2026-11-22T04:53:26Z or 2h (ago), not " +
                               quoted(value));
      }
      (key == "since" ? query.rows.since : query.rows.until) = *time;
    } else if (key == "before" || key == "after") {
      if (!event::is_ulid(value)) {
        return std::unexpected(key + " is the id of an event, not " + quoted(value));
      }
      (key == "before" ? query.before : query.after) = value;
    } else if (key == "order") {
      if (value != "asc" && value != "desc") {
        return std::unexpected("order is asc or desc, not " + quoted(value));
      }
      query.rows.newest_first = value == "desc";
    } else if (key == "limit") {
      const auto number = parse_number(value);
      if (!number || *number == 0) {
        return std::unexpected("limit is not a number that makes sense: " + quoted(value));
      }
      query.rows.limit = std::min(*number, kMostLimit);
    } else {
      const auto taken = query.filter.take(key, value);
      if (!taken) {
        return std::unexpected(taken.error());
      }
      if (!*taken) {
        return std::unexpected(
            "nothing is called " + quoted(key) +
            "; there are since, until, before, after, order, limit, kind, name, check, product, "
            "requirement, device, probe and label.KEY");
      }
    }
  }
  return query;
}

/// Narrows the rows to those on one side of an event that may not be kept any more. The error is a
/// sentence.
std::expected<void, std::string> limit_to(journal::EventQuery& rows,
                                          const journal::Reading& journal, const std::string& id,
                                          bool after) {
  if (id.empty()) {
    return {};
  }
  const auto found = journal.sequence_of(id);
  const auto last = found && !*found ? sequence_after(journal, id) : found;
  if (!last) {
    return std::unexpected(last.error());
  }
  if (after) {
    rows.after = last->value_or(0);
  } else {
    rows.before = *found ? **found : last->value_or(0) + 1;
  }
  return {};
}

}  // namespace

std::expected<bool, std::string> EventFilter::take(const std::string& key,
                                                   const std::string& value) {
  if (key == "kind") {
    if (!event::parse_kind(value)) {
      return std::unexpected("no event is of the kind " + quoted(value));
    }
    kinds_.push_back(value);
    return true;
  }
  if (!is_selector_key(key)) {
    return false;
  }
  auto selector = config::Selector::parse(key + "=" + value);
  if (!selector) {
    return std::unexpected(selector.error());
  }
  auto group = std::ranges::find(groups_, key, &Group::key);
  if (group == groups_.end()) {
    group = groups_.insert(group, Group{.key = key, .any_of = {}});
  }
  group->any_of.push_back(std::move(*selector));
  return true;
}

bool EventFilter::matches(const journal::EventRow& row) const {
  if (!kinds_.empty() && std::ranges::find(kinds_, row.kind) == kinds_.end()) {
    return false;
  }
  if (groups_.empty()) {
    return true;
  }
  const auto event = json::read_event(row.body);
  if (!event || !event->check) {
    return false;
  }
  const config::SelectorFields fields = fields_of(*event->check);
  return std::ranges::all_of(groups_, [&](const Group& group) {
    return std::ranges::any_of(
        group.any_of, [&](const config::Selector& selector) { return selector.matches(fields); });
  });
}

Response events(const journal::Reading& journal, const Request& request, WallTime now) {
  auto query = parse(request, now);
  if (!query) {
    return json_error(400, query.error());
  }
  journal::EventQuery rows = query->rows;
  for (const auto& [id, after] :
       {std::pair(&query->after, true), std::pair(&query->before, false)}) {
    if (const auto limited = limit_to(rows, journal, *id, after); !limited) {
      return json_error(503, limited.error());
    }
  }
  const std::size_t wanted = query->rows.limit;
  Response response;
  response.content_type = "application/json";
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.text = R"({"events":[)";
  std::string next;
  std::size_t shown = 0;
  rows.limit = kMostLimit;
  for (std::size_t looked = 0; shown < wanted;) {
    const auto page = journal.events(rows);
    if (!page) {
      return json_error(503, page.error());
    }
    for (const journal::EventRow& row : *page) {
      ++looked;
      (rows.newest_first ? rows.before : rows.after) = row.sequence;
      next = row.id;
      if (query->filter.matches(row)) {
        response.text += shown == 0 ? "\n" : ",\n";
        response.text += row.body;
        if (++shown == wanted) {
          break;
        }
      }
    }
    if (page->size() < rows.limit && shown < wanted) {
      next.clear();  // that was all
      break;
    }
    if (looked >= kMostLooked) {
      break;
    }
  }
  response.text += R"(],"next":)";
  json::Writer(response.text).value_or_null(next);
  response.text += "}\n";
  return response;
}

Response report(const journal::Reading& journal, const Request& request, WallTime now) {
  WallTime from = now - kDefaultWindow;
  WallTime to = now;
  std::size_t slots = 0;
  for (const auto& [key, value] : request.query) {
    if (key == "slots") {
      const auto number = parse_number(value);
      if (!number || *number == 0 || *number > kMostSlots) {
        return json_error(400, "slots is a number from 1 to 1440, not " + quoted(value));
      }
      slots = *number;
    } else if (key == "window") {
      const auto window = parse_duration(value);
      if (!window || *window <= Duration::zero()) {
        return json_error(400, "window is a time such as 24h or 30d, not " + quoted(value));
      }
      from = now - *window;
    } else if (key == "from" || key == "to") {
      const auto time = parse_moment(value, now);
      if (!time) {
        return json_error(
            400, key + " is a time such as 2026-11-22T04:53:26Z or 2h (ago), not " + quoted(value));
      }
      (key == "from" ? from : to) = *time;
    } else {
      return json_error(
          400, "nothing is called " + quoted(key) + "; there are window, from, to and slots");
    }
  }
  if (from >= to) {
    return json_error(400, "the report would end before it begins");
  }
  const auto rows = journal.availability(from, to, slots);
  if (!rows) {
    return json_error(503, rows.error());
  }
  Response response;
  response.content_type = "application/json";
  response.headers.emplace_back("Vary", "Accept-Encoding");
  json::Writer out(response.text);
  json::write_report(out, from, to, *rows);
  response.text += '\n';
  return response;
}

std::expected<std::optional<std::int64_t>, std::string> sequence_after(
    const journal::Reading& journal, const std::string& event_id) {
  const auto time = event::ulid_time(event_id);
  if (!time) {
    return std::nullopt;
  }
  auto sequence = journal.sequence_of(event_id);
  if (!sequence || *sequence) {
    return sequence;
  }
  journal::EventQuery query;
  query.since = *time;
  query.limit = 1;
  const auto first = journal.events(query);
  if (!first) {
    return std::unexpected(first.error());
  }
  return first->empty() ? journal.last_sequence() : first->front().sequence - 1;
}

void append_stream_event(std::string& out, const journal::EventRow& row) {
  out += "id: ";
  out += row.id;
  out += "\nevent: ";
  out += row.kind;
  out += "\ndata: ";
  out += row.body;
  out += "\n\n";
}

Response json_error(unsigned status, std::string_view message) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  json::Writer(response.text).begin_object().member("error", message).end_object();
  response.text += '\n';
  return response;
}

}  // namespace reachd::web
