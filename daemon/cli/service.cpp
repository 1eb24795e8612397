#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>
#include <ostream>
#include <utility>

#include "daemon/cli/common.hpp"
#include "daemon/platform/paths.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/service_text.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::cli {
namespace {

using platform::ServiceFacts;
using platform::ServiceManager;
using platform::ServiceState;

struct Options {
  std::string name = "reachd";
  std::string display_name;
  std::shared_ptr<std::string> config_file;
  bool as_json = false;
  bool update = false;
  bool undo = false;
};

std::string_view word(ServiceState state) noexcept {
  constexpr std::array<std::string_view, 6> kWords{"not_installed", "stopped",  "starting",
                                                   "running",       "stopping", "other"};
  return kWords[static_cast<std::size_t>(state)];
}

std::string sentence(const std::string& name, const ServiceFacts& facts) {
  switch (facts.state) {
    case ServiceState::not_installed:
      return name + " is not installed";
    case ServiceState::stopped:
      return name + " is stopped" + (facts.ended.empty() ? "" : "; it " + facts.ended);
    case ServiceState::running:
      return name + " is running, process " + std::to_string(facts.process_id);
    case ServiceState::starting:
      return name + " is starting";
    case ServiceState::stopping:
      return name + " is stopping";
    case ServiceState::other:
      break;
  }
  return name + " is in a state that reachd never enters";
}

int say(const ServiceManager::Result& result, const std::string& done, Context& context) {
  if (!result) {
    context.err << "reachd: " << result.error() << "\n";
    return kFailed;
  }
  context.out << done << "\n";
  return kOk;
}

int install(ServiceManager& manager, const Options& options, Context& context) {
  const std::filesystem::path config = std::filesystem::absolute(to_path(*options.config_file));
  std::string display_name = options.display_name;
  if (display_name.empty()) {
    display_name = options.name == "reachd" ? "reachd" : "reachd (" + options.name + ")";
  }
  const auto notes = manager.install({.name = options.name,
                                      .display_name = std::move(display_name),
                                      .config_file = to_text(config),
                                      .update = options.update});
  if (!notes) {
    context.err << "reachd: " << notes.error() << "\n";
    return kFailed;
  }
  context.out << "installed the service " << options.name << " with " << to_text(config) << "\n";
  for (const std::string& note : *notes) {
    context.err << "note: " << note << "\n";
  }
  std::error_code unknown;
  if (!std::filesystem::exists(config, unknown)) {
    context.err << "note: " << to_text(config)
                << " is not there yet; reachd init PRODUCT --output FILE writes a first one\n";
  }
  return kOk;
}

int status(ServiceManager& manager, const Options& options, Context& context) {
  const auto facts = manager.look(options.name);
  if (!facts) {
    context.err << "reachd: " << facts.error() << "\n";
    return kFailed;
  }
  if (options.as_json) {
    std::string text;
    json::Writer row(text);
    row.begin_object();
    row.member("name", options.name)
        .member("state", word(facts->state))
        .member("process_id", static_cast<std::int64_t>(facts->process_id))
        .member("ended", facts->ended)
        .member("command_line", facts->command_line);
    row.end_object();
    context.out << text << "\n";
  } else {
    context.out << sentence(options.name, *facts) << "\n";
  }
  return facts->state == ServiceState::running ? kOk : kFailed;
}

struct Action {
  const char* name;
  const char* help;
  const char* systemd;  ///< what does it on Linux
  int (*run)(ServiceManager& manager, const Options& options, Context& context);
};

constexpr auto kActions = std::to_array<Action>({
    {"install", "Make this executable a Windows service that starts with the system",
     "systemctl enable reachd", &install},
    {"uninstall", "Stop the service and remove it; settings, state and logs stay",
     "systemctl disable --now reachd",
     [](ServiceManager& manager, const Options& options, Context& context) {
       return options.undo
                  ? say(manager.undo_install(options.name),
                        options.name + " is as it was before it was installed", context)
                  : say(manager.uninstall(options.name), options.name + " is uninstalled", context);
     }},
    {"start", "Start it and wait until it runs", "systemctl start reachd",
     [](ServiceManager& manager, const Options& options, Context& context) {
       return say(manager.start(options.name), options.name + " is running", context);
     }},
    {"stop", "Stop it and wait until it has stopped", "systemctl stop reachd",
     [](ServiceManager& manager, const Options& options, Context& context) {
       return say(manager.stop(options.name), options.name + " is stopped", context);
     }},
    {"reload", "Make it read its configuration again", "systemctl reload reachd",
     [](ServiceManager& manager, const Options& options, Context& context) {
       return say(
           manager.reload(options.name),
           options.name + " was asked to read its configuration again; its log says how that went",
           context);
     }},
    {"status", "Say whether it runs: exit code 0 if so, else 1", "systemctl status reachd",
     &status},
});

int run_action(const Action& action, const Options& options, Context& context) {
  const auto manager = platform::make_service_manager();
  if (manager == nullptr) {
    context.err << "reachd: `service` is for Windows; here systemd does this: " << action.systemd
                << "\n";
    return kFailed;
  }
  return action.run(*manager, options, context);
}

void add_action(CLI::App& group, const Action& action, Context& context) {
  CLI::App* command = group.add_subcommand(action.name, action.help);
  auto options = std::make_shared<Options>();
  command->add_option("--name", options->name, "Name of the service")
      ->type_name("NAME")
      ->capture_default_str()
      ->check(
          [](const std::string& name) {
            return platform::is_service_name(name)
                       ? std::string()
                       : "a name is made of letters, digits, '.', '_' and '-', at most 80";
          },
          "", "");
  if (action.run == &install) {
    command
        ->add_option("--display-name", options->display_name,
                     "What the Services window shows; reachd, or reachd (NAME), if not given")
        ->type_name("TEXT");
    options->config_file = add_config_option(*command);
    command->add_flag("--update", options->update,
                      "A service of this name that is there already gets this executable and FILE");
  } else if (std::string_view(action.name) == "uninstall") {
    command->add_flag(
        "--undo", options->undo,
        "If `install --update` changed a service, give it back what it ran before, and "
        "leave it installed");
  } else if (action.run == &status) {
    command->add_flag("--json", options->as_json, "As JSON");
  }
  command->callback([&context, &action, options] {
    context.chosen = [&context, &action, options] { return run_action(action, *options, context); };
  });
}

}  // namespace

void add_service(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("service", "Install, start and stop the Windows service");
  group->require_subcommand(1);
  for (const Action& action : kActions) {
    add_action(*group, action, context);
  }
}

}  // namespace reachd::cli
