#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/cli/common.hpp"
#include "daemon/configuration.hpp"
#include "daemon/json/json.hpp"

namespace reachd::cli {

void add_validate(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("validate", "Check the configuration without probing anything");
  auto path = add_config_option(*command);
  auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "As JSON");
  command->callback([&context, path, as_json] {
    context.chosen = [&context, path, as_json] {
      Diagnostics diagnostics;
      const auto loaded = load(*path, diagnostics);
      if (*as_json) {
        std::string text;
        json::Writer row(text);
        json::write_validation(row, diagnostics);
        context.out << text << "\n";
      } else if (!loaded) {
        context.err << diagnostics.to_string();
      } else {
        context.out << *path << ": valid, " << loaded->configuration.plan.checks.size()
                    << " checks by " << loaded->configuration.plan.probes.size() << " probes\n";
      }
      return loaded ? kOk : kUsage;
    };
  });
}

}  // namespace reachd::cli
