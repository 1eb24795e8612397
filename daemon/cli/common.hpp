#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "config/configuration.hpp"
#include "config/selector.hpp"
#include "daemon/cli/cli.hpp"
#include "daemon/json/writer.hpp"
#include "probes/core/outcome.hpp"

namespace CLI {
class App;
}

namespace reachd::cli {

/// Adds `--config FILE` with the platform's default.
std::shared_ptr<std::string> add_config_option(CLI::App& command);
/// Adds a repeatable `--only SELECTOR`.
std::shared_ptr<std::vector<std::string>> add_only_option(CLI::App& command);

/// Says what is wrong with that configuration on the error stream.
void explain(const std::string& path, const Diagnostics& diagnostics, Context& context);

/// Loads a configuration; problems go to the error stream, then nothing is returned (exit code
/// kUsage).
std::optional<config::Configuration> load_or_explain(const std::string& path, Context& context);

/// Parses `--only`; problems go to the error stream, then nothing is returned.
std::optional<std::vector<config::Selector>> parse_only(const std::vector<std::string>& texts,
                                                        Context& context);

/// Says that no check is left to look at; returns the exit code.
int explain_no_check(const config::Plan& plan, Context& context);

/// Writes a JSON array to the standard stream, a row at a time, so that 100,000 rows need no copy
/// of the whole.
template <typename Rows, typename Function>
void print_array(const Rows& rows, Context& context, const Function& write_row) {
  std::string text;
  json::Writer out(text);
  out.begin_array();
  for (const auto& row : rows) {
    write_row(out, row);
    context.out << text;
    text.clear();
  }
  out.end_array();
  context.out << text << "\n";
}

/// "https://h/", "10.0.0.1:443", "10.0.0.1": what a check looks at, as people write it.
std::string target_text(const config::ProbeSpec& spec);

/// "refused by 10.0.0.1:3300 (connect), sent by 10.9.9.1": one line on how a probe ended.
std::string outcome_line(const Outcome& outcome);

/// "1.2 ms", "3.4 s"
std::string human_duration(Duration duration);

/// One line a hop and one that says what it means.
std::string path_details(const Path& path, const std::string& indent);

/// One line each: the attempts at the addresses, the phases, the certificate.
std::string outcome_details(const Outcome& outcome, const std::string& indent);

}  // namespace reachd::cli
