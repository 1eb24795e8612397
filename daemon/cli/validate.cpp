#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/cli/common.hpp"
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
      const auto configuration = config::load_configuration(*path, diagnostics);
      if (*as_json) {
        std::string text;
        json::Writer row(text);
        json::write_validation(row, diagnostics);
        context.out << text << "\n";
      } else if (!configuration) {
        context.err << diagnostics.to_string();
      } else {
        context.out << *path << ": valid, " << configuration->plan.checks.size() << " checks by "
                    << configuration->plan.probes.size() << " probes\n";
      }
      return configuration ? kOk : kUsage;
    };
  });
}

}  // namespace reachd::cli
