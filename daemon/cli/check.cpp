#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <ostream>

#include "daemon/cli/common.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/engine/adhoc.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/engine/verdict.hpp"
#include "daemon/json/json.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"

namespace reachd::cli {
namespace {

using engine::Verdict;

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kGrey = "\x1b[90m";

/// A check of this run and what came of it.
struct Row {
  const config::Check* check = nullptr;
  engine::CheckStatus status;
};

struct Options {
  std::string path;
  std::vector<std::string> only;
  bool as_json = false;
  bool strict = false;
};

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::up:
      return kGreen;
    case Verdict::degraded:
      return kYellow;
    case Verdict::down:
      return kRed;
    case Verdict::unknown:
      break;
  }
  return kGrey;
}

/// One line on the error stream, written over itself, if a person looks at it.
class ProgressBar {
 public:
  ProgressBar(std::size_t total, Context& context) : total_(total), context_(context) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() {
    if (shown_) {
      context_.err << "\r\x1b[K" << std::flush;
    }
  }

  void step() {
    ++done_;
    if (!context_.err_is_terminal) {
      return;
    }
    constexpr std::size_t kWidth = 30;
    const std::size_t filled = done_ * kWidth / total_;
    context_.err << fmt::format("\r[{}{}] {}/{} probes", std::string(filled, '#'),
                                std::string(kWidth - filled, '.'), done_, total_)
                 << std::flush;
    shown_ = true;
  }

 private:
  std::size_t total_;
  Context& context_;
  std::size_t done_ = 0;
  bool shown_ = false;
};

/// What a person has to know of a verdict: why it is unknown or degraded where the outcome does not
/// say it, else what the probe found wrong.
std::string why(const engine::CheckStatus& status) {
  if (status.verdict == Verdict::up) {
    return "";
  }
  const bool says_more = !status.why.empty() && status.why != engine::kNoProof;
  return says_more || !status.last ? std::string(status.why) : outcome_line(*status.last);
}

void print(const config::Plan& plan, const std::vector<Row>& rows, Context& context) {
  // Grouped by product in the order of the plan, the worst first within each.
  std::vector<std::string> products;
  std::map<std::string, std::vector<const Row*>> groups;
  for (const Row& row : rows) {
    auto& group = groups[*row.check->product];
    if (group.empty()) {
      products.push_back(*row.check->product);
    }
    group.push_back(&row);
  }
  const auto rank = [](const Row* row) {
    constexpr int kRanks[] = {2, 3, 1, 0};  // by Verdict: down, degraded, unknown, up
    return std::pair(kRanks[static_cast<std::size_t>(row->status.verdict)], row->check);
  };
  for (const std::string& product : products) {
    auto& group = groups[product];
    std::ranges::sort(group, {}, rank);
    Table table({"state", "check", "target", "severity", "evidence", "why"});
    for (const Row* row : group) {
      const config::ProbeSpec& spec = plan.probes[row->check->probe];
      const Verdict verdict = row->status.verdict;
      table.add({std::string(to_string(verdict)), row->check->id, target_text(spec),
                 std::string(to_string(config::severity(*row->check, false))),
                 std::string(to_string(row->check->evidence)), why(row->status)},
                colour_of(verdict));
    }
    context.out << product << "\n" << table.to_string(context.colour) << "\n";
  }
}

std::map<Verdict, int> count(const std::vector<Row>& rows) {
  std::map<Verdict, int> counts;
  for (const Row& row : rows) {
    ++counts[row.status.verdict];
  }
  return counts;
}

void print_json(const config::Plan& plan, const std::vector<Row>& rows, WallTime started,
                Duration spent, Context& context) {
  std::string text;
  json::Writer out(text);
  auto counts = count(rows);
  out.begin_object()
      .member("vantage", plan.vantage)
      .member("started", started)
      .member("seconds", spent);
  out.key("summary").begin_object();
  for (const Verdict verdict : {Verdict::up, Verdict::degraded, Verdict::down, Verdict::unknown}) {
    out.member(to_string(verdict), counts[verdict]);
  }
  out.end_object().key("checks").begin_array();
  for (const Row& row : rows) {
    json::write_check_row(out, plan, *row.check, row.status);
  }
  out.end_array().end_object();
  context.out << text << "\n";
}

/// The rows that were asked for, and the probes that they need: their own, and the pings that say
/// whether a discovery's other ports count.
std::vector<Row> select(const config::Plan& plan, const std::vector<config::Selector>& selectors,
                        std::vector<std::uint32_t>& probes) {
  std::vector<Row> rows;
  for (const config::Check& check : plan.checks) {
    if (!config::matches_any(selectors, plan, check)) {
      continue;
    }
    rows.emplace_back().check = &check;
    if (check.gate && check.gate->kind == config::Gate::Kind::never) {
      continue;
    }
    probes.push_back(check.probe);
    if (check.gate && check.gate->kind == config::Gate::Kind::ping_answers) {
      for (const std::uint32_t ping : plan.groups[check.gate->group].checks) {
        probes.push_back(plan.checks[ping].probe);
      }
    }
  }
  std::ranges::sort(probes);
  probes.erase(std::unique(probes.begin(), probes.end()), probes.end());
  return rows;
}

int check(const Options& options, Context& context) {
  const auto selectors = parse_only(options.only, context);
  const auto configuration = selectors ? load_or_explain(options.path, context) : std::nullopt;
  if (!configuration) {
    return kUsage;
  }
  const config::Plan& plan = configuration->plan;
  std::vector<std::uint32_t> probes;
  std::vector<Row> rows = select(plan, *selectors, probes);
  if (rows.empty()) {
    return explain_no_check(plan, context);
  }

  const WallTime started = system_clock().wall_now();
  const TimePoint began = system_clock().steady_now();
  std::vector<std::shared_ptr<const Outcome>> outcomes(plan.probes.size());
  {
    net::TrustStore trust;
    const auto resolver = net::make_resolver();
    ProgressBar progress(probes.size(), context);
    engine::probe_all(plan, probes, configuration->settings.limits.concurrency, *resolver, trust,
                      system_clock(), [&](std::uint32_t probe, Outcome outcome) {
                        outcomes[probe] = std::make_shared<const Outcome>(std::move(outcome));
                        progress.step();
                      });
  }
  const auto statuses = engine::judge_pass(plan, outcomes, system_clock().wall_now());
  bool failed = false;
  for (Row& row : rows) {
    row.status = statuses[static_cast<std::size_t>(row.check - plan.checks.data())];
    const bool counts =
        options.strict || config::severity(*row.check, false) > config::Severity::info;
    failed = failed || (row.status.verdict == Verdict::down && counts) ||
             (row.status.verdict == Verdict::unknown && options.strict);
  }
  const Duration spent = system_clock().steady_now() - began;
  if (options.as_json) {
    print_json(plan, rows, started, spent, context);
  } else {
    print(plan, rows, context);
    auto counts = count(rows);
    context.out << fmt::format("{} up, {} degraded, {} down, {} unknown; seen from {} in {}\n",
                               counts[Verdict::up], counts[Verdict::degraded],
                               counts[Verdict::down], counts[Verdict::unknown], plan.vantage,
                               human_duration(spent));
  }
  return failed ? kFailed : kOk;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("check", "Probe the whole plan once and show what can't be reached");
  auto path = add_config_option(*command);
  auto only = add_only_option(*command);
  auto options = std::make_shared<Options>();
  command->add_flag("--json", options->as_json, "As JSON");
  command->add_flag("--strict", options->strict,
                    "Fail for checks of severity info and unknown ones too");
  command->callback([&context, path, only, options] {
    context.chosen = [&context, path, only, options] {
      options->path = *path;
      options->only = *only;
      return check(*options, context);
    };
  });
}

}  // namespace reachd::cli
