#include <CLI/CLI.hpp>

#include "daemon/app.hpp"
#include "daemon/cli/common.hpp"
#include "daemon/platform/paths.hpp"

namespace reachd::cli {

void add_run(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("run", "Run the daemon in the foreground (systemd, containers, consoles)");
  auto path = add_config_option(*command);
  auto options = std::make_shared<AppOptions>();
  command->add_option("--log-level", options->log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  command->add_flag("--log-json", options->log_json, "Log lines as JSON objects");
  options->log_file = platform::default_log_file();
  command
      ->add_option("--log-file", options->log_file,
                   "A file for the log lines, which is renamed at 10 MB, instead of standard error")
      ->type_name("FILE");
  command->callback([&context, path, options] {
    context.chosen = [path, options] {
      options->config_file = *path;
      return run_daemon(*options);
    };
  });
}

}  // namespace reachd::cli
