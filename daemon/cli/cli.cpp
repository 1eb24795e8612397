#include "daemon/cli/cli.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/table.hpp"
#include "probes/core/value.hpp"

namespace reachd::cli {
namespace {

/// CLI11 would only say that a command is missing.
int refuse_unknown_command(const CLI::App& app, int argc, const char* const* argv,
                           Context& context) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word.empty() || word.starts_with('-')) {
    return kOk;
  }
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (std::ranges::find(names, word) != names.end()) {
    return kOk;
  }
  context.err << "There is no command \"" << printable(word) << "\""
              << did_you_mean(word, {names.begin(), names.end()}) << "\nreachd --help lists them\n";
  return kUsage;
}

}  // namespace

int run(int argc, const char* const* argv, Context& context) {
  CLI::App app{
      "reachd watches the ports that a product needs and says which of them can't be reached, "
      "since when and why.",
      "reachd"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  add_run(app, context);
  add_check(app, context);
  add_events(app, context);
  add_report(app, context);
  add_plan(app, context);
  add_init(app, context);
  add_validate(app, context);
  add_probe(app, context);
  add_catalog(app, context);
  add_service(app, context);
  add_version(app, context);
  if (const int code = refuse_unknown_command(app, argc, argv, context); code != kOk) {
    return code;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, context.out, context.err);
    return code == 0 ? kOk : kUsage;
  }
  try {
    const int code = context.chosen();
    context.out.flush();
    return code;
  } catch (const std::exception& error) {
    context.err << "reachd: " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace reachd::cli
