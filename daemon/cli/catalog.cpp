#include "config/catalog.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/cli/common.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/json/json.hpp"
#include "probes/core/words.hpp"

namespace reachd::cli {
namespace {

using config::Catalog;
using config::Requirement;

struct Options {
  std::string folder;
  bool as_json = false;
  std::string id;
};

std::string or_unknown(const std::string& text) { return text.empty() ? "not known" : text; }

std::string transport_of(const Requirement& requirement) {
  return requirement.transport ? std::string(to_string(*requirement.transport)) : "";
}

std::vector<std::shared_ptr<const Requirement>> rows_of(const Catalog& catalog) {
  std::vector<std::shared_ptr<const Requirement>> rows;
  for (const config::CatalogProduct& product : catalog.products()) {
    rows.insert(rows.end(), product.requirements.begin(), product.requirements.end());
  }
  return rows;
}

std::optional<Catalog> load(const Options& options, Context& context) {
  Diagnostics diagnostics;
  auto catalog = Catalog::load(options.folder, diagnostics);
  if (!catalog) {
    context.err << diagnostics.to_string();
  }
  return catalog;
}

int list(const Options& options, Context& context) {
  const auto catalog = load(options, context);
  if (!catalog) {
    return kUsage;
  }
  if (options.as_json) {
    print_array(rows_of(*catalog), context, [](json::Writer& row, const auto& requirement) {
      json::write_requirement(row, *requirement);
    });
    return kOk;
  }
  const auto rows = rows_of(*catalog);
  Table table(
      {"requirement", "direction", "transport", "port", "necessity", "evidence", "purpose"});
  for (const auto& requirement : rows) {
    table.add({requirement->id, std::string(to_string(requirement->direction)),
               transport_of(*requirement), requirement->port,
               std::string(to_string(requirement->necessity)),
               std::string(to_string(requirement->evidence)), requirement->purpose});
  }
  context.out << table.to_string(false) << rows.size()
              << " requirements; reachd catalog show ID tells all of one\n";
  return kOk;
}

/// A line of `catalog show`; nothing where the entry says nothing.
void line(Context& context, std::string_view head, std::string_view text) {
  if (!text.empty()) {
    context.out << "  " << head << std::string(12 - head.size(), ' ') << text << "\n";
  }
}

void print(const Requirement& row, const std::vector<std::pair<std::string, std::string>>& sources,
           Context& context) {
  context.out << row.id << ": " << row.purpose << "\n";
  line(context, "product",
       row.product + (row.ref.empty() ? ", table " + row.table : ", ref " + row.ref));
  line(context, "deployment", row.deployment);
  line(context, "direction",
       std::string(to_string(row.direction)) + ", from " + row.from + " to " + row.to);
  line(context, "devices", join(row.device_types, ", "));
  line(context, "feature", row.feature);
  for (const auto& [region, hosts] : row.hosts) {
    line(context, "hosts", region + ": " + join(hosts, ", "));
  }
  line(context, "port",
       or_unknown(row.port) + " " + transport_of(row) + (row.fixed ? " (fixed)" : ""));
  line(context, "protocol", or_unknown(row.protocol));
  line(context, "path", row.path);
  line(context, "necessity", to_string(row.necessity));
  line(context, "condition", row.condition);
  line(context, "evidence", to_string(row.evidence));
  for (const auto& [key, level] : row.evidence_by) {
    line(context, "evidence", key + ": " + std::string(to_string(level)));
  }
  line(context, "probe", row.probe.empty() ? "none: it is listed only" : row.probe);
  line(context, "tls", row.tls);
  if (!row.enabled) {
    line(context, "enabled", "false: overrides: turns it on");
  }
  for (const std::string& key : row.sources) {
    const auto source =
        std::ranges::find(sources, key, [](const auto& known) { return known.first; });
    line(context, "source", source == sources.end() ? key : key + ": " + source->second);
  }
}

int show(const Options& options, Context& context) {
  const auto catalog = load(options, context);
  if (!catalog) {
    return kUsage;
  }
  const auto requirement = catalog->find(options.id);
  if (!requirement) {
    std::vector<std::string_view> ids;
    const auto rows = rows_of(*catalog);
    ids.reserve(rows.size());
    for (const auto& known : rows) {
      ids.push_back(known->id);
    }
    const std::string hint = did_you_mean(options.id, ids);
    context.err << "There is no requirement \"" << printable(options.id) << "\""
                << (hint.empty() ? "; see reachd catalog list" : hint) << '\n';
    return kUsage;
  }
  if (options.as_json) {
    std::string text;
    json::Writer out(text);
    json::write_requirement(out, *requirement);
    context.out << text << "\n";
    return kOk;
  }
  print(*requirement, catalog->product(requirement->product)->sources, context);
  return kOk;
}

}  // namespace

void add_catalog(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("catalog", "Show the built-in catalogue of requirements with its sources");
  command->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* help,
                       int (*action)(const Options&, Context&)) {
    CLI::App* part = command->add_subcommand(name, help);
    part->add_option("--catalog-dir", options->folder,
                     "Folder of files that add or replace requirements")
        ->type_name("DIR");
    part->add_flag("--json", options->as_json, "As JSON");
    part->callback([&context, options, action] {
      context.chosen = [&context, options, action] { return action(*options, context); };
    });
    return part;
  };
  add("list", "One line a requirement", list);
  add("show", "Everything about one requirement", show)
      ->add_option("ID", options->id, "As listed by catalog list")
      ->required();
}

}  // namespace reachd::cli
