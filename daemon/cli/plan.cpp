#include "config/plan.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <set>

#include "daemon/cli/common.hpp"
#include "daemon/cli/last_verdicts.hpp"
#include "daemon/cli/openings.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/configuration.hpp"
#include "daemon/json/json.hpp"
#include "probes/core/duration.hpp"

namespace reachd::cli {
namespace {

using Selectors = std::vector<config::Selector>;
using Omissions = std::vector<const config::Omission*>;

/// Those that a selector names by product, requirement or probe; there is no check to go by.
Omissions chosen_omissions(const config::Plan& plan, const Selectors& selectors) {
  Omissions chosen;
  for (const config::Omission& omission : plan.omissions) {
    const config::SelectorFields fields{.name = {},
                                        .check = {},
                                        .product = omission.requirement->product,
                                        .requirement = omission.requirement->id,
                                        .device = {},
                                        .probe = omission.requirement->probe};
    if (selectors.empty() || std::ranges::any_of(selectors, [&](const config::Selector& selector) {
          return selector.matches(fields);
        })) {
      chosen.push_back(&omission);
    }
  }
  return chosen;
}

std::size_t count_probes(const std::vector<const config::Check*>& checks) {
  std::set<std::uint32_t> probes;
  for (const config::Check* check : checks) {
    probes.insert(check->probe);
  }
  return probes.size();
}

std::vector<std::string> heads() {
  return {"check",    "probe",    "target",   "direction", "necessity",
          "evidence", "severity", "interval", "purpose"};
}

std::vector<std::string> cells(const config::Plan& plan, const config::Check& check) {
  const config::ProbeSpec& spec = plan.probes[check.probe];
  std::string purpose(config::purpose(check));
  if (!check.note.empty()) {
    purpose += purpose.empty() ? check.note : " (" + check.note + ")";
  }
  return {check.id,
          std::string(spec.type->name),
          target_text(spec),
          std::string(to_string(check.direction)),
          std::string(to_string(check.necessity)),
          std::string(to_string(check.evidence)),
          std::string(to_string(config::severity(check, false))),
          format_duration(spec.timing->interval),
          std::move(purpose)};
}

/// For the firewall team: one line an opening, with what the running daemon says of it.
void print_openings(const config::Configuration& configuration,
                    const std::vector<const config::Check*>& checks, const Omissions& omissions,
                    bool markdown, Context& context) {
  const config::Plan& plan = configuration.plan;
  auto verdicts = last_verdicts(configuration.settings.web, plan.checks.size());
  if (!verdicts) {
    context.err << "The last verdicts are left out: " << printable(verdicts.error()) << "\n";
  }
  const auto rows = opening_rows(plan, checks, verdicts.value_or(json::LastVerdicts{}));
  for (const auto& row : rows) {
    context.out << (markdown ? markdown_line(row) : csv_line(row));
    if (markdown && &row == &rows.front()) {
      context.out << markdown_line(std::vector<std::string>(row.size(), "---"));
    }
  }
  if (omissions.empty()) {
    return;
  }
  if (!markdown) {
    context.err << omissions.size()
                << " requirements are not in the list, as too little is known of them; "
                   "reachd plan says which and why\n";
    return;
  }
  context.out << "\n" << markdown_line({"not in the list", "why"}) << markdown_line({"---", "---"});
  for (const config::Omission* omission : omissions) {
    context.out << markdown_line({omission->requirement->id, omission->why});
  }
}

/// What the configuration asks for and nobody can probe, so that its absence above is no surprise.
void print_omissions(const Omissions& omissions, Context& context) {
  if (omissions.empty()) {
    return;
  }
  Table table({"not probed", "why"});
  for (const config::Omission* omission : omissions) {
    table.add({omission->requirement->id, omission->why});
  }
  context.out << "\n" << table.to_string(false);
}

void print(const config::Plan& plan, const std::vector<const config::Check*>& checks,
           const Omissions& omissions, const std::string& format, Context& context) {
  if (format == "json") {
    print_array(checks, context, [&](json::Writer& row, const config::Check* check) {
      json::write_plan_row(row, plan, *check);
    });
  } else {
    Table table(heads());
    for (const config::Check* check : checks) {
      table.add(cells(plan, *check));
    }
    context.out << table.to_string(false) << counts_of(checks.size(), count_probes(checks)) << "\n";
    print_omissions(omissions, context);
  }
}

}  // namespace

void add_plan(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("plan", "Say what will be probed, and where each port is known from");
  auto path = add_config_option(*command);
  auto only = add_only_option(*command);
  auto format = std::make_shared<std::string>("table");
  auto as_json = std::make_shared<bool>(false);
  command
      ->add_option("--format", *format,
                   "table, json; csv or markdown: one line an opening, for the firewall team")
      ->check(CLI::IsMember({"table", "json", "csv", "markdown"}))
      ->capture_default_str();
  command->add_flag("--json", *as_json, "The same as --format json");
  command->callback([&context, path, only, format, as_json] {
    context.chosen = [&context, path, only, format, as_json] {
      const auto selectors = parse_only(*only, context);
      const auto configuration = selectors ? load_or_explain(*path, context) : std::nullopt;
      if (!configuration) {
        return kUsage;
      }
      const config::Plan& plan = configuration->plan;
      std::vector<const config::Check*> checks;
      for (const config::Check& check : plan.checks) {
        if (config::matches_any(*selectors, plan, check)) {
          checks.push_back(&check);
        }
      }
      const Omissions omissions = chosen_omissions(plan, *selectors);
      if (!selectors->empty() && checks.empty() && omissions.empty()) {
        return explain_no_check(plan, context);
      }
      if (!*as_json && (*format == "csv" || *format == "markdown")) {
        print_openings(*configuration, checks, omissions, *format == "markdown", context);
      } else {
        print(plan, checks, omissions, *as_json ? "json" : *format, context);
      }
      return kOk;
    };
  });
}

}  // namespace reachd::cli
