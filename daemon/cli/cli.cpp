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
#include "probes/core/words.hpp"

namespace reachd::cli {
namespace {

std::vector<std::string> commands_of(const CLI::App& group) {
  std::vector<std::string> names;
  for (const CLI::App* command : group.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// CLI11 would only say that a command is missing.
int refuse_unknown_command(const CLI::App& app, int argc, const char* const* argv,
                           Context& context) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word.empty() || word.starts_with('-')) {
    return kOk;
  }
  const std::vector<std::string> names = commands_of(app);
  if (std::ranges::find(names, word) != names.end()) {
    return kOk;
  }
  context.err << "There is no command \"" << printable(word) << "\""
              << did_you_mean(word, {names.begin(), names.end()}) << "\nreachd --help lists them\n";
  return kUsage;
}

/// CLI11 says that a command is missing, but not which there are.
std::string usage_message(const CLI::App* app, const CLI::Error& error) {
  const CLI::App* group = app;
  while (!group->get_subcommands().empty()) {
    group = group->get_subcommands().front();
  }
  std::string text = CLI::FailureMessage::simple(app, error);
  if (error.get_name() == "RequiredError" && group->get_require_subcommand_min() > 0) {
    text = group->get_name() + " is followed by one of: " + join(commands_of(*group), ", ") + "\n" +
           text.substr(text.find('\n') + 1);
  }
  return text;
}

}  // namespace

int run(int argc, const char* const* argv, Context& context) {
  CLI::App app{
      "reachd watches the ports that a product needs and says which of them can't be reached, "
      "since when and why.",
      "reachd"};
  app.require_subcommand(1);
  app.get_formatter()->column_width(28);
  app.failure_message(&usage_message);
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
