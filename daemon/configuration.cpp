#include "daemon/configuration.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "config/selector.hpp"
#include "daemon/alert/graph.hpp"
#include "daemon/observations.hpp"
#include "daemon/web/policy.hpp"

namespace reachd {
namespace {

/// What probe_modules_file and probe_allow say; null if /probe is switched off or something is
/// wrong.
std::shared_ptr<const blackbox::Configuration> read_probing(const config::Settings& settings,
                                                            Diagnostics& diagnostics) {
  auto allow = config::ProbeAllow::read(settings.probe_allow, diagnostics);
  if (settings.probe_modules_file.empty()) {
    return nullptr;
  }
  auto modules = config::blackbox::load_modules(settings.probe_modules_file, diagnostics);
  if (!modules) {
    return nullptr;
  }
  std::vector<std::string_view> names;
  for (const auto& module : modules->modules) {
    names.push_back(module.name);
  }
  for (const auto& module : modules->refused) {
    names.push_back(module.name);
  }
  allow.check_modules(names, diagnostics);
  return std::make_shared<const blackbox::Configuration>(
      blackbox::Configuration{.modules = std::move(*modules), .allow = std::move(allow)});
}

struct WrittenSelector {
  Place place;
  std::string text;
  std::string whose;  ///< "sink am: match"
};

/// Keeps the texts under `key` of each entry: the tree is gone once there is a plan.
void collect_selectors(std::vector<WrittenSelector>& selectors, const Value& entries,
                       const std::string& what, const std::string& key) {
  for (const Value& entry : entries.items) {
    const Value* name = entry.find("name");
    const Value* written = entry.find(key);
    if (name == nullptr || written == nullptr) {
      continue;
    }
    std::string whose = what;
    whose += " " + name->scalar + ": " + key;
    if (written->kind == Value::Kind::scalar) {
      selectors.push_back({.place = written->place, .text = written->scalar, .whose = whose});
    }
    for (const Value& item : written->items) {
      selectors.push_back({.place = item.place, .text = item.scalar, .whose = whose});
    }
  }
}

/// Those that fit no check, and nothing that an event may be about beside checks.
std::vector<Diagnostic> idle_selectors(const std::vector<WrittenSelector>& selectors,
                                       const config::Plan& plan) {
  std::vector<Diagnostic> idle;
  if (plan.checks.empty()) {
    return idle;  // which is a note of its own
  }
  std::optional<alert::Graph> graph;  // made only where it is needed
  for (const WrittenSelector& written : selectors) {
    const auto selector = config::Selector::parse(written.text);
    if (!selector || std::ranges::any_of(plan.checks, [&](const config::Check& check) {
          return selector->matches(plan, check);
        })) {
      continue;
    }
    if (!graph) {
      graph = alert::make_graph(plan);
    }
    if (std::ranges::none_of(graph->nodes, [&](const alert::Node& node) {
          return selector->matches(event::fields_of(node.identity));
        })) {
      idle.push_back({.place = written.place,
                      .message = written.whose + ": no check fits \"" + written.text + "\""});
    }
  }
  return idle;
}

}  // namespace

std::optional<Loaded> load(const std::string& path, Diagnostics& diagnostics,
                           const config::ReadObserved& read_observed) {
  alert::Alerting alerting;
  std::shared_ptr<const blackbox::Configuration> probing;
  std::vector<WrittenSelector> selectors;
  auto configuration = config::load_configuration(
      path, diagnostics, read_observed,
      [&](const config::Settings& settings, Diagnostics& problems) {
        alerting = alert::read_alerting(settings.alerting, problems);
        // What the journal forgets can't wait for a sink.
        alerting.outbox.max_age = std::min(alerting.outbox.max_age, settings.journal.max_age);
        probing = read_probing(settings, problems);
        if (const Value* sinks = settings.alerting.find("sinks")) {
          collect_selectors(selectors, *sinks, "sink", "match");
        }
        collect_selectors(selectors, settings.maintenance, "maintenance", "checks");
        if (!settings.web.config_file.empty()) {
          // Read again by the web server, which follows its changes: here only to be judged.
          web::load_policy(settings.web.config_file, problems);
        }
      });
  if (!configuration) {
    return std::nullopt;
  }
  auto idle = idle_selectors(selectors, configuration->plan);
  return Loaded{.configuration = std::move(*configuration),
                .alerting = std::move(alerting),
                .probing = std::move(probing),
                .idle_selectors = std::move(idle)};
}

std::vector<std::string> notes_of(const Loaded& loaded) {
  std::vector<std::string> notes;
  if (loaded.configuration.plan.checks.empty() && !loaded.probing) {
    notes.push_back(loaded.configuration.settings.path +
                    ": plans no check, so nothing is watched: products: or checks: is empty");
  }
  if (loaded.probing) {
    for (const auto& module : loaded.probing->modules.refused) {
      for (const Diagnostic& reason : module.reasons) {
        notes.push_back(reason.to_string());
      }
    }
  }
  for (const Diagnostic& idle : loaded.idle_selectors) {
    notes.push_back(idle.to_string());
  }
  return notes;
}

std::string counts_of(std::size_t checks, std::size_t probes) {
  const auto counted = [](std::size_t count, const char* noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
  };
  return counted(checks, "check") + " by " + counted(probes, "probe");
}

std::string counts_of(const config::Plan& plan) {
  return counts_of(plan.checks.size(), plan.probes.size());
}

void refuse_to_watch_nothing(std::optional<Loaded>& loaded, const config::Plan& running,
                             Diagnostics& diagnostics) {
  if (loaded && loaded->configuration.plan.checks.empty() && !running.checks.empty()) {
    diagnostics.error({std::make_shared<const std::string>(loaded->configuration.settings.path)},
                      "plans no check, while " + counts_of(running) + " run");
    loaded.reset();
  }
}

journal::Options journal_options(const config::Settings& settings) {
  journal::Options options;
  options.folder = state_folder(settings);
  options.max_age = settings.journal.max_age;
  options.max_bytes = settings.journal.max_bytes;
  return options;
}

alert::Rules rules_of(Loaded loaded) {
  config::Configuration& configuration = loaded.configuration;
  return {.plan = std::make_shared<const config::Plan>(std::move(configuration.plan)),
          .alerting = std::make_shared<const alert::Alerting>(std::move(loaded.alerting)),
          .maintenance = std::move(configuration.maintenance)};
}

}  // namespace reachd
