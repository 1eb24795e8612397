#include "daemon/json/report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <ostream>

#include "daemon/cli/common.hpp"
#include "daemon/cli/journal.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/json/time.hpp"

namespace reachd::cli {
namespace {

using journal::Availability;

struct Window {
  std::string title;
  WallTime from{};
  WallTime to{};
  std::vector<Availability> checks{};
};

struct ReportOptions {
  std::string config;
  std::string from;
  std::string to;
  std::string by = "check";
  bool json = false;
};

/// Cut, not rounded: 100 % means never down.
std::string percent(const Availability& row) {
  const auto part = row.available();
  return part ? fmt::format("{:.3f} %", std::floor(*part * 100'000) / 1000) : "-";
}

/// The two largest units: "3d 4h", "12m 5s", "0s".
std::string rough(Duration duration) {
  static constexpr std::array<std::pair<std::int64_t, char>, 4> kUnits{
      {{86'400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  auto rest = std::chrono::floor<std::chrono::seconds>(duration).count();
  std::string text;
  int shown = 0;
  for (const auto& [seconds, letter] : kUnits) {
    if (shown == 2 || (rest < seconds && (shown > 0 || seconds > 1))) {
      shown += shown == 1 ? 1 : 0;
      continue;
    }
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", rest / seconds, letter);
    rest %= seconds;
    ++shown;
  }
  return text;
}

std::vector<Availability> rows_of(const Window& window, const std::string& by) {
  return by == "product"  ? journal::by_product(window.checks)
         : by == "device" ? journal::by_device(window.checks)
                          : window.checks;
}

const std::string& key_of(const Availability& row, const std::string& by) {
  return by == "product" ? row.product : by == "device" ? row.device : row.check;
}

std::string shown_key(const std::string& key) { return key.empty() ? "-" : printable(key); }

/// One window: where its time went.
void print_one(const Window& window, const std::string& by, Context& context) {
  Table table({by, "available", "up", "degraded", "down", "not observed"});
  for (const Availability& row : rows_of(window, by)) {
    table.add({shown_key(key_of(row, by)), percent(row), rough(row.up), rough(row.degraded),
               rough(row.down), rough(row.not_observed)});
  }
  context.out << "From " << json::rfc3339(window.from) << " to " << json::rfc3339(window.to) << "\n"
              << table.to_string(false);
}

/// Several: how available, and for how long nobody looked, in each.
void print_many(const std::vector<Window>& windows, const std::string& by, Context& context) {
  std::map<std::string, std::vector<Availability>> rows;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (const Availability& row : rows_of(windows[i], by)) {
      auto& row_of_all = rows[key_of(row, by)];
      row_of_all.resize(windows.size());
      row_of_all[i] = row;
    }
  }
  std::vector<std::string> heads{by};
  for (const Window& window : windows) {
    heads.push_back(window.title);
    heads.emplace_back("not observed");
  }
  Table table(std::move(heads));
  for (const auto& [key, windows_of_row] : rows) {
    std::vector<std::string> cells{shown_key(key)};
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const Availability& row = windows_of_row[i];
      // Not listed in a window: not observed in it, and not configured any more.
      const bool listed = row.observed() + row.not_observed > Duration::zero();
      cells.push_back(percent(row));
      cells.push_back(rough(listed ? row.not_observed : windows[i].to - windows[i].from));
    }
    table.add(std::move(cells));
  }
  context.out << table.to_string(false);
}

/// Nothing: the command line is wrong, and that was said.
std::optional<std::vector<Window>> windows_of(const ReportOptions& options, WallTime now,
                                              Context& context) {
  bool wrong = false;
  const auto from = parse_when("--from", options.from, now, context, wrong);
  const auto to = parse_when("--to", options.to, now, context, wrong);
  if (wrong) {
    return std::nullopt;
  }
  if (!from && !to) {
    std::vector<Window> windows;
    for (const auto& [title, length] :
         {std::pair("24 h", std::chrono::days(1)), std::pair("7 d", std::chrono::days(7)),
          std::pair("30 d", std::chrono::days(30))}) {
      windows.push_back({.title = title, .from = now - length, .to = now});
    }
    return windows;
  }
  if (!from) {
    context.err << "--to needs --from\n";
    return std::nullopt;
  }
  if (*from >= to.value_or(now)) {
    context.err << "--from lies after " << (to ? "--to" : "now") << "\n";
    return std::nullopt;
  }
  return std::vector{Window{.title = "", .from = *from, .to = to.value_or(now)}};
}

int run_report(const ReportOptions& options, Context& context) {
  auto windows = windows_of(options, system_clock().wall_now(), context);
  if (!windows) {
    return kUsage;
  }
  int code = kOk;
  const auto reading = journal_or_explain(options.config, context, code);
  if (reading == nullptr) {
    return code;
  }
  for (Window& window : *windows) {
    auto checks = reading->availability(window.from, window.to, 0);
    if (!checks) {
      context.err << "reachd: " << printable(checks.error()) << "\n";
      return kFailed;
    }
    window.checks = std::move(*checks);
  }
  if (options.json) {
    print_array(*windows, context, [](json::Writer& out, const Window& window) {
      json::write_report(out, window.from, window.to, window.checks);
    });
  } else if (windows->size() == 1) {
    print_one(windows->front(), options.by, context);
  } else {
    print_many(*windows, options.by, context);
  }
  return kOk;
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "report", "Say how available what is checked was: the last 24 h, 7 d and 30 d");
  auto path = add_config_option(*command);
  auto options = std::make_shared<ReportOptions>();
  command->add_option("--from", options->from, "From then on instead: 2h, 7d or RFC 3339")
      ->type_name("WHEN");
  command->add_option("--to", options->to, "Until then; without it until now")->type_name("WHEN");
  command->add_option("--by", options->by, "A row for each check, product or device")
      ->check(CLI::IsMember({"check", "product", "device"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "As JSON: an array, one report a window");
  command->callback([&context, path, options] {
    context.chosen = [&context, path, options] {
      options->config = *path;
      return run_report(*options, context);
    };
  });
}

}  // namespace reachd::cli
