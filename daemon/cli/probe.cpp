#include "probes/core/probe.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "config/yaml.hpp"
#include "daemon/cli/common.hpp"
#include "daemon/cli/table.hpp"
#include "daemon/engine/adhoc.hpp"
#include "daemon/json/json.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "probes/registry.hpp"

namespace reachd::cli {
namespace {

struct Options {
  std::string kind;
  std::string target;
  std::string timeout;
  std::string address_policy;
  std::string resolver;
  std::string proxy;
  std::vector<std::string> params;
  bool as_json = false;
  bool verbose = false;
  bool trace = false;
};

class PrintingLog final : public ProbeLog {
 public:
  explicit PrintingLog(std::ostream& out) : out_(out) {}
  void line(std::string text) override { out_ << "  " << printable(text) << "\n"; }

 private:
  std::ostream& out_;
};

/// Puts `value` at a dotted key, "tls.verify", making the maps on the way.
void put(Value& map, std::string_view key, Value value) {
  const std::size_t dot = key.find('.');
  const std::string name(key.substr(0, dot));
  auto member = std::ranges::find(map.members, name, &Value::Member::key);
  if (member == map.members.end()) {
    map.members.push_back({name, {}, dot == std::string_view::npos ? Value{} : Value::map()});
    member = std::prev(map.members.end());
  }
  if (dot == std::string_view::npos) {
    member->value = std::move(value);
  } else {
    put(member->value, key.substr(dot + 1), std::move(value));
  }
}

/// A plan of this one check, made as the configuration would make it.
std::optional<config::Plan> plan_of(Value check, Diagnostics& diagnostics) {
  Value checks;
  checks.kind = Value::Kind::list;
  checks.items.push_back(std::move(check));
  Value root = Value::map();
  put(root, "checks", std::move(checks));
  const config::Settings settings = config::read_settings(std::move(root), {}, diagnostics);
  const auto catalog = config::Catalog::read({}, diagnostics);
  return diagnostics.ok() && catalog ? config::make_plan(settings, *catalog, diagnostics)
                                     : std::nullopt;
}

/// The check that the command line describes, as the configuration would hold it.
std::optional<Value> check_value(const Options& options, Diagnostics& diagnostics) {
  Value check = Value::map();
  put(check, "name", Value::text("probe"));
  put(check, "probe", Value::text(options.kind));
  put(check, "target", Value::text(options.target));
  // There is one run only, so no interval limits its time.
  put(check, "interval", Value::text("10m"));
  const std::pair<const char*, const std::string*> plain[] = {
      {"timeout", &options.timeout},
      {"addresses", &options.address_policy},
      {"resolver", &options.resolver},
      {"proxy", &options.proxy}};
  for (const auto& [key, text] : plain) {
    if (!text->empty()) {
      put(check, key, Value::text(*text));
    }
  }
  for (const std::string& param : options.params) {
    const std::size_t equals = param.find('=');
    if (equals == 0 || equals == std::string::npos) {
      diagnostics.error({}, "--param takes KEY=VALUE, not \"" + param + "\"");
      return std::nullopt;
    }
    auto value = config::parse_yaml(param.substr(equals + 1), "--param " + param.substr(0, equals),
                                    diagnostics);
    if (!value) {
      return std::nullopt;
    }
    put(check, param.substr(0, equals), std::move(*value));
  }
  return check;
}

void print(const Options& options, const Outcome& outcome, Context& context) {
  const std::string_view colour = outcome.success() ? "\x1b[32m" : "\x1b[31m";
  const std::string headline = outcome_line(outcome);
  context.out << options.kind << " " << printable(options.target) << ": "
              << (context.colour ? std::string(colour) + headline + "\x1b[0m" : headline) << "\n"
              << outcome_details(outcome, "  ");
  if (outcome.path) {
    context.out << path_details(*outcome.path, "  ");
  }
}

/// The address whose way is worth a look: the first that failed, else the first.
std::optional<Endpoint> endpoint_to_trace(const Outcome& outcome) {
  std::optional<Endpoint> first;
  for (const Attempt& attempt : outcome.attempts) {
    if (attempt.endpoint && !attempt.success()) {
      return attempt.endpoint;
    }
    first = first ? first : attempt.endpoint;
  }
  return first;
}

/// Adds the path to the outcome, or says why there is none.
void trace(const config::ProbeSpec& spec, net::Resolver& resolver, net::TrustStore& trust,
           Outcome& outcome, Context& context) {
  const auto endpoint = endpoint_to_trace(outcome);
  if (spec.type->transport != Transport::tcp) {
    context.err << "--trace: only the way to a TCP port can be traced\n";
  } else if (!endpoint) {
    context.err << "--trace: no address was connected to directly\n";
  } else {
    const Outcome found = engine::trace_once(spec, *endpoint, resolver, trust, system_clock());
    outcome.path = found.path;
    if (!found.path) {
      context.err << "--trace: " << outcome_line(found) << "\n";
    }
  }
}

int probe(const Options& options, Context& context) {
  Diagnostics diagnostics;
  auto check = check_value(options, diagnostics);
  const auto plan = check ? plan_of(std::move(*check), diagnostics) : std::nullopt;
  if (!plan) {
    context.err << diagnostics.to_string();
    return kUsage;
  }
  net::TrustStore trust;
  const auto resolver = net::make_resolver();
  PrintingLog log(context.err);
  Outcome outcome = engine::probe_once(plan->probes.front(), *resolver, trust, system_clock(),
                                       options.verbose ? &log : nullptr);
  if (options.trace) {
    trace(plan->probes.front(), *resolver, trust, outcome, context);
  }
  if (options.as_json) {
    std::string text;
    json::Writer row(text);
    json::write_result(row, plan->probes.front(), outcome);
    context.out << text << "\n";
  } else {
    print(options, outcome, context);
  }
  return outcome.success() ? kOk : kFailed;
}

std::string kinds_help() {
  std::string text = "One of:";
  for (const ProbeType& type : probe_types()) {
    text += "\n  " + std::string(type.name) + ": " + std::string(type.summary);
  }
  return text;
}

}  // namespace

void add_probe(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("probe", "Probe one target now and show every phase");
  auto options = std::make_shared<Options>();
  command->add_option("KIND", options->kind, kinds_help())->required();
  command->add_option("TARGET", options->target, "host:port, an address, or a URL")->required();
  command->add_option("--timeout", options->timeout, "For all phases together, such as 5s")
      ->type_name("DURATION");
  command->add_option("--address-policy", options->address_policy, "first, each_family or all")
      ->type_name("POLICY");
  command->add_option("--resolver", options->resolver, "Name server, ADDRESS[:PORT]")
      ->type_name("SERVER");
  command->add_option("--proxy", options->proxy, "http://HOST:PORT or socks5://HOST:PORT")
      ->type_name("URL");
  command
      ->add_option("--param", options->params,
                   "What the check's configuration would hold; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--json", options->as_json, "As JSON");
  command->add_flag("-v,--verbose", options->verbose, "Every step, on the error stream");
  command->add_flag("--trace", options->trace, "Then trace the way to the port, hop by hop");
  command->callback([&context, options] {
    context.chosen = [&context, options] { return probe(*options, context); };
  });
}

}  // namespace reachd::cli
