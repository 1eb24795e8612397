#include "daemon/cli/common.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "daemon/cli/table.hpp"
#include "daemon/configuration.hpp"
#include "daemon/json/time.hpp"
#include "daemon/observations.hpp"
#include "daemon/platform/paths.hpp"
#include "probes/core/duration.hpp"

namespace reachd::cli {
namespace {

constexpr Phase kTimedPhases[] = {Phase::resolve, Phase::connect, Phase::proxy, Phase::tls,
                                  Phase::request};

std::string date(WallTime time) { return json::rfc3339(time).substr(0, 10); }

}  // namespace

std::shared_ptr<std::string> add_config_option(CLI::App& command) {
  auto path = std::make_shared<std::string>(platform::default_config_file());
  command.add_option("--config", *path, "Configuration file")
      ->type_name("FILE")
      ->capture_default_str();
  return path;
}

std::shared_ptr<std::vector<std::string>> add_only_option(CLI::App& command) {
  auto only = std::make_shared<std::vector<std::string>>();
  command.add_option("--only", *only, "Only these checks: KEY=GLOB[,KEY=GLOB...]; may be repeated")
      ->type_name("SELECTOR")
      ->allow_extra_args(false);
  return only;
}

void explain(const std::string& path, const Diagnostics& diagnostics, Context& context) {
  context.err << diagnostics.to_string();
  if (path == platform::default_config_file()) {
    context.err << "Name another file with --config, or write a first one: reachd init PRODUCT "
                   "--output FILE\n";
  }
}

std::optional<config::Configuration> load_or_explain(const std::string& path, Context& context) {
  Diagnostics diagnostics;
  auto loaded = load(path, diagnostics, &read_observed);
  if (!loaded) {
    explain(path, diagnostics, context);
    return std::nullopt;
  }
  return std::move(loaded->configuration);
}

std::optional<std::vector<config::Selector>> parse_only(const std::vector<std::string>& texts,
                                                        Context& context) {
  std::vector<config::Selector> selectors;
  for (const std::string& text : texts) {
    auto selector = config::Selector::parse(text);
    if (!selector) {
      context.err << "--only: " << selector.error() << "\n";
      return std::nullopt;
    }
    selectors.push_back(std::move(*selector));
  }
  return selectors;
}

int explain_no_check(const config::Plan& plan, Context& context) {
  context.err << (plan.checks.empty() ? "The configuration plans no check\n"
                                      : "No check matches --only\n");
  return kUsage;
}

std::string target_text(const config::ProbeSpec& spec) {
  const Target& target = spec.target;
  if (!target.scheme.empty() || target.port == 0) {
    return target.text;
  }
  return target.literal ? Endpoint{*target.literal, target.port}.to_string()
                        : target.host + ":" + std::to_string(target.port);
}

std::string human_duration(Duration duration) {
  const double seconds = to_seconds(duration);
  return seconds < 1 ? fmt::format("{:.1f} ms", seconds * 1e3) : fmt::format("{:.1f} s", seconds);
}

std::string outcome_line(const Outcome& outcome) {
  std::string line(to_string(outcome.reason));
  if (outcome.phase != Phase::none) {
    line += fmt::format(" ({})", to_string(outcome.phase));
  }
  if (!outcome.message.empty()) {
    line += ": " + printable(outcome.message);
  }
  return line;
}

std::string path_details(const Path& path, const std::string& indent) {
  std::string text = fmt::format("{}the way to {}\n", indent, path.target.to_string());
  for (const Hop& hop : path.hops) {
    text += fmt::format(
        "{}{:3}  {}\n", indent, hop.number,
        hop.address ? hop.address->to_string() + "  " + human_duration(hop.duration) : "*");
  }
  return text + indent + printable(path.message) + "\n";
}

std::string outcome_details(const Outcome& outcome, const std::string& indent) {
  std::string text;
  for (const Attempt& attempt : outcome.attempts) {
    if (!attempt.endpoint) {
      continue;
    }
    text += fmt::format("{}{}  {} after {}", indent, attempt.endpoint->to_string(),
                        to_string(attempt.reason), human_duration(attempt.duration));
    if (attempt.offender) {
      text += ", answered by " + attempt.offender->to_string();
    }
    text += "\n";
  }
  std::string phases;
  for (const Phase phase : kTimedPhases) {
    if (const auto& spent = outcome.timings[phase]) {
      phases += fmt::format("{} {}, ", to_string(phase), human_duration(*spent));
    }
  }
  text += fmt::format("{}{}total {}\n", indent, phases, human_duration(outcome.timings.total));
  if (outcome.tls && !outcome.tls->chain.empty()) {
    const CertificateFacts& leaf = outcome.tls->chain.front();
    text +=
        fmt::format("{}{}, certificate {} from {}, valid until {}\n", indent, outcome.tls->version,
                    printable(leaf.subject), printable(leaf.issuer), date(leaf.not_after));
    if (const auto& revocation = outcome.tls->revocation) {
      const std::string_view source = to_string(revocation->source);
      text += fmt::format(
          "{}revocation {}{}\n", indent, to_string(revocation->status),
          source.empty() ? ": " + printable(revocation->message) : fmt::format(" ({})", source));
    }
    if (outcome.tls->judgement != Reason::ok && outcome.reason == Reason::ok) {
      text += fmt::format("{}observed only: {}: {}\n", indent, to_string(outcome.tls->judgement),
                          printable(outcome.tls->judgement_message));
    } else if (outcome.success() && !outcome.tls->judgement_message.empty()) {
      text += fmt::format("{}note: {}\n", indent, printable(outcome.tls->judgement_message));
    }
  }
  return text;
}

}  // namespace reachd::cli
