#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <ostream>
#include <thread>

#include "daemon/cli/common.hpp"
#include "daemon/cli/journal.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/json/event.hpp"
#include "daemon/json/time.hpp"
#include "probes/core/glob.hpp"

namespace reachd::cli {
namespace {

constexpr Duration kFollowEvery = std::chrono::milliseconds(500);
/// Of those that follow, so many are fetched at once.
constexpr std::size_t kPage = 1000;

struct EventsOptions {
  std::string config;
  std::string since;
  std::string until;
  std::string check;
  std::vector<std::string> kinds;
  std::size_t limit = 1000;
  bool follow = false;
  bool json = false;
};

/// "10.0.0.1:443 timeout after 5.0 s, sent by 10.9.9.1"
std::string short_evidence(const event::Evidence& evidence) {
  std::string text;
  for (const auto& attempt : evidence.attempts) {
    if (attempt.address.empty()) {
      continue;
    }
    text += fmt::format("{}{} {} after {}", text.empty() ? "" : ", ", attempt.address,
                        attempt.reason, human_duration(attempt.duration));
  }
  if (!evidence.offender.empty()) {
    text += fmt::format("{}sent by {}", text.empty() ? "" : ", ", evidence.offender);
  }
  if (!evidence.process.empty()) {
    text += fmt::format("{}process {}", text.empty() ? "" : ", ", evidence.process);
  }
  return text;
}

std::string line_of(const journal::EventRow& row) {
  std::string line = fmt::format("{}  {:<20}  {}", json::rfc3339(row.time), printable(row.kind),
                                 row.check.empty() ? "-" : printable(row.check));
  const auto event = json::read_event(row.body);
  if (!event) {
    return line + "  (can't be read: " + printable(event.error()) + ")";
  }
  line += "  " + printable(event->message);
  if (const std::string evidence = short_evidence(event->evidence); !evidence.empty()) {
    line += "; " + printable(evidence);
  }
  if (event->affected_count > 0) {
    line += fmt::format("; takes {} with it", event->affected_count);
  }
  if (event->suppressed_by != engine::Modifier::none) {
    line += fmt::format("  [held back by {}{}{}]", to_string(event->suppressed_by),
                        event->parent.empty() ? "" : " on ", printable(event->parent));
  }
  return line;
}

void print(const std::vector<journal::EventRow>& events, bool as_json, Context& context) {
  for (const journal::EventRow& row : events) {
    context.out << (as_json ? row.body : line_of(row)) << "\n";
  }
  context.out.flush();
}

/// Until the reader is gone or the program is stopped. A journal that can't be read for a moment is
/// told once.
int follow(const journal::Reading& reading, journal::EventQuery query, bool as_json,
           Context& context) {
  bool told = false;
  while (context.out.good()) {
    std::this_thread::sleep_for(kFollowEvery);
    const auto events = reading.events(query);
    if (!events) {
      if (!std::exchange(told, true)) {
        context.err << "reachd: " << printable(events.error()) << "\n";
      }
      continue;
    }
    told = false;
    if (!events->empty()) {
      query.after = events->back().sequence;
      print(*events, as_json, context);
    }
  }
  return kOk;
}

/// Makes the text of --check a glob of ids, where it is the name of one check. False: no check of
/// now has that name, or an id like this.
bool resolve_check(const journal::Reading& reading, WallTime now, std::string& check) {
  const auto checks = reading.availability(now - std::chrono::seconds(1), now, 0);
  if (check.empty() || !checks) {
    return true;  // what is wrong will be told when the events are read
  }
  if (std::ranges::any_of(*checks,
                          [&](const auto& row) { return glob_matches(check, row.check); })) {
    return true;
  }
  const auto named = std::ranges::find(*checks, check, &journal::Availability::name);
  if (named == checks->end()) {
    return false;
  }
  check = named->check;
  return true;
}

int run_events(const EventsOptions& options, Context& context) {
  const WallTime now = system_clock().wall_now();
  bool wrong = false;
  journal::EventQuery query;
  query.since = parse_when("--since", options.since, now, context, wrong);
  query.until = parse_when("--until", options.until, now, context, wrong);
  query.check = options.check;
  query.kinds = options.kinds;
  for (const std::string& kind : options.kinds) {
    if (!event::parse_kind(kind)) {
      context.err << "--kind: \"" << printable(kind) << "\" is no kind of event\n";
      wrong = true;
    }
  }
  if (wrong) {
    return kUsage;
  }
  int code = kOk;
  const auto reading = journal_or_explain(options.config, context, code);
  if (reading == nullptr) {
    return code;
  }
  const bool known = resolve_check(*reading, now, query.check);
  query.newest_first = true;
  query.limit = options.limit + 1;  // one more tells whether there are more
  const std::int64_t last = reading->last_sequence();
  query.before = last + 1;
  auto events = reading->events(query);
  if (!events) {
    context.err << "reachd: " << printable(events.error()) << "\n";
    return kFailed;
  }
  if (events->empty() && !known) {
    context.err << "reachd: no check has the name, or an id like, \"" << printable(query.check)
                << "\"\n";
  }
  if (events->size() > options.limit) {
    events->pop_back();
    context.err << "There are older ones; --limit shows more than " << options.limit << ".\n";
  }
  std::ranges::reverse(*events);
  print(*events, options.json, context);
  if (!options.follow) {
    return kOk;
  }
  query.newest_first = false;
  query.limit = kPage;
  query.before.reset();
  query.after = last;
  return follow(*reading, query, options.json, context);
}

}  // namespace

void add_events(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("events", "Show what happened, from the daemon's journal");
  auto path = add_config_option(*command);
  auto options = std::make_shared<EventsOptions>();
  command->add_option("--since", options->since, "From then on: 2h, 7d, a day (UTC) or RFC 3339")
      ->type_name("WHEN");
  command->add_option("--until", options->until, "Until then: 2h, 7d, a day (UTC) or RFC 3339")
      ->type_name("WHEN");
  command
      ->add_option("--check", options->check,
                   "Only of the check of this name, or of those whose id is like this")
      ->type_name("GLOB");
  command->add_option("--kind", options->kinds, "Only these: check.down, ...; may be repeated")
      ->type_name("KIND")
      ->allow_extra_args(false);
  command->add_option("--limit", options->limit, "At most so many, the newest")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_flag("--follow,-f", options->follow, "Go on with what happens, until stopped");
  command->add_flag("--json", options->json, "As JSON, one event a line");
  command->callback([&context, path, options] {
    context.chosen = [&context, path, options] {
      options->config = *path;
      return run_events(*options, context);
    };
  });
}

}  // namespace reachd::cli
