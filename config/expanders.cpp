#include "config/expanders.hpp"

#include <algorithm>
#include <array>

#include "probes/core/duration.hpp"
#include "probes/registry.hpp"

namespace reachd::config {
namespace {

constexpr Argument kAnyWord{.needed = true, .any = true};

constexpr std::array<Expander, 22> kExpanders{{
    {"regional_hosts", expand_regional_hosts, "region:"},
    {"listed_hosts", expand_listed_hosts, "deployment: cloud"},
    {"observed", expand_observed, "a certificate that names a host of it"},
    {"server_url", expand_server_url, "servers:", kAnyWord},
    {"parent_url", expand_parent_url, "parent:"},
    {"uploads", expand_uploads, "uploads: or clients:", {.words = {"url"}}},
    {"sap_service", expand_sap_service, "sap_service: or clients:"},
    {"sap_systems", expand_sap_systems, "sap:"},
    {"directories",
     expand_directories,
     "active_directory:",
     {.needed = true, .words = {"plain", "ssl"}}},
    {"databases", expand_databases, "databases:", kAnyWord},
    {"remote_execution", expand_remote_execution, "remote_execution:", kAnyWord},
    {"remote_execution_share",
     expand_remote_execution_share,
     "remote_execution:",
     {.needed = true, .of = "remote_execution"}},
    {"special_inventory", expand_special_inventory, "special_inventory:"},
    {"discovery_ping", expand_discovery_ping, "discovery:"},
    {"discovery_ports", expand_discovery_ports, "discovery: with ports"},
    {"appliance", expand_appliance, "appliance:"},
    {"devices", expand_devices, "a device"},
    {"devices_inbound", expand_devices_inbound, "a device"},
    {"service", expand_service, "services:", kAnyWord},
    {"call_home", expand_call_home, "services: with call_home: true"},
    {"mobile_push", expand_mobile_push, "services: with mobile_push", kAnyWord},
    {"os_deployment", expand_os_deployment, "os_deployment: with enabled: true"},
}};

void set(Value& map, std::string_view key, Value value) {
  map.members.push_back({std::string(key), value.place, std::move(value)});
}

std::string authority(const std::string& host, std::uint16_t port) {
  const auto literal = IpAddress::parse(host);
  const std::string name = literal && !literal->is_v4() ? "[" + host + "]" : host;
  return port == 0 ? name : name + ":" + std::to_string(port);
}

/// The last part of an id: "batch-server" of "….3.batch-server".
std::string_view last_part(std::string_view id) noexcept { return id.substr(id.rfind('.') + 1); }

/// The product's own `tls:` over the catalogue's mode.
Value tls_params(const Requirement& requirement, const Value& own) {
  Value tls = requirement.tls == "strict" && own.kind == Value::Kind::map ? own : Value::map();
  if (tls.find("verify") == nullptr) {
    set(tls, "verify", Value::text(requirement.tls));
  }
  // An authority of the operator's own is no surprise.
  const bool own_issuers =
      tls.find("ca_file") != nullptr || tls.find("expected_issuers") != nullptr;
  if (!requirement.issuers.empty() && !own_issuers && tls.find("usual_issuers") == nullptr) {
    Value issuers;
    issuers.kind = Value::Kind::list;
    for (const std::string& issuer : requirement.issuers) {
      issuers.items.push_back(Value::text(issuer));
    }
    set(tls, "usual_issuers", std::move(issuers));
  }
  return tls;
}

/// The words that an argument may be; none where it may not be at all.
std::vector<std::string_view> words_of(const Argument& argument, const CatalogProduct& product) {
  std::vector<std::string_view> words;
  for (const std::string_view word : argument.words) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  for (const auto& requirement : product.requirements) {
    if (!argument.of.empty() && requirement->expand == argument.of) {
      words.push_back(requirement->argument);
    }
  }
  return words;
}

}  // namespace

std::span<const Expander> expanders() noexcept { return kExpanders; }

const Expander* find_expander(std::string_view name) noexcept {
  const auto found = std::ranges::find(kExpanders, name, &Expander::name);
  return found == kExpanders.end() ? nullptr : found;
}

void check_ways(const CatalogProduct& product, Diagnostics& diagnostics) {
  std::vector<std::string_view> ways;
  ways.reserve(kExpanders.size());
  for (const Expander& expander : kExpanders) {
    ways.push_back(expander.name);
  }
  std::vector<std::string_view> probes;
  for (const ProbeType& type : probe_types()) {
    probes.push_back(type.name);
  }
  for (const auto& requirement : product.requirements) {
    const auto check = [&](const std::string& word, const std::vector<std::string_view>& known,
                           std::string_view key) {
      if (!word.empty() && std::ranges::find(known, word) == known.end()) {
        diagnostics.error(requirement->place, "requirement " + requirement->id + ": " +
                                                  std::string(key) + " \"" + word +
                                                  "\" is not known" + did_you_mean(word, known));
      }
    };
    check(requirement->expand, ways, "expand");
    check(requirement->probe, probes, "probe");
    const Expander* expander = find_expander(requirement->expand);
    if (expander == nullptr) {
      continue;
    }
    if (!expander->argument.any) {
      check(requirement->argument, words_of(expander->argument, product), "with");
    }
    if (expander->argument.needed && requirement->argument.empty()) {
      diagnostics.error(requirement->place, "requirement " + requirement->id +
                                                ": with is missing: expand " + requirement->expand +
                                                " reads a part of the configuration by it");
    }
  }
}

Expansion::Expansion(PlanBuilder& builder, const Estate& estate, const CatalogProduct& catalog,
                     std::shared_ptr<const Requirement> requirement, const Override* changed,
                     bool confirmed)
    : builder_(builder),
      estate_(estate),
      catalog_(catalog),
      requirement_(std::move(requirement)),
      override_(changed),
      confirmed_(confirmed) {
  if (!estate.appliance.empty()) {
    ends_ = std::make_shared<const Ends>(Ends{estate.appliance, {}});
  }
}

void Expansion::omit(std::string why) {
  asked_for_ = true;
  if (!omitted_) {
    builder_.plan().omissions.push_back({requirement_, std::move(why)});
    omitted_ = true;
  }
}

/// A number that nobody knows, a direction that nobody knows and an entry that is off need the
/// operator's word; giving the port is one.
bool Expansion::is_wanted() {
  if (override_ != nullptr && override_->enabled == false) {
    omit("overrides: turns it off");
    return false;
  }
  if (override_ != nullptr && (override_->enabled == true || override_->port)) {
    return true;
  }
  if (!requirement_->enabled) {
    omit("off by default: overrides: with enabled: true turns it on");
    return false;
  }
  if (requirement_->direction == Direction::unknown) {
    omit("who opens the connection is not known: overrides: with its port turns it on");
    return false;
  }
  return true;
}

std::optional<std::uint16_t> Expansion::port_of(const Row& row, std::string_view scheme) const {
  if (override_ != nullptr && override_->port) {
    return override_->port;
  }
  if (row.port) {
    return row.port;
  }
  if (row.catalog_port) {
    return row.catalog_port;
  }
  const RequirementPort& ports = requirement_->ports;
  return ports.number ? ports.number : scheme == "https" ? ports.https : ports.http;
}

Target Expansion::target_of(const Row& row, const ProbeType& type, std::uint16_t port) const {
  Target target;
  target.port = port;
  target.literal = IpAddress::parse(row.host);
  target.host = row.host;
  target.text = authority(row.host, port);
  if (type.name == "http") {
    target.scheme =
        !row.scheme.empty() ? row.scheme : (requirement_->protocol == "http" ? "http" : "https");
    target.path = !row.path.empty()             ? row.path
                  : !requirement_->path.empty() ? requirement_->path
                                                : "/";
    const bool is_default = port == (target.scheme == "https" ? 443 : 80);
    target.text = target.scheme + "://" + authority(row.host, is_default ? 0 : port) + target.path;
  }
  return target;
}

Value Expansion::params_of(const Row& row, const ProbeType& type, const Target& target) const {
  Value params = Value::map(row.place);
  // A proxy is between this host and the target whatever is spoken through it.
  if (type.transport == Transport::tcp && !requirement_->proxy.empty()) {
    const Value& proxy =
        requirement_->proxy == "product" ? estate_.proxy : estate_.revocation_proxy;
    params.members = proxy.members;
  }
  for (const Value::Member& own : requirement_->params.members) {
    params.members.push_back(own);
  }
  if (row.tls) {
    set(params, "security", Value::text("tls"));
  }
  const Value* security = requirement_->params.find("security");
  const bool speaks_tls = type.name == "tls" || target.scheme == "https" || row.tls ||
                          (security != nullptr && security->scalar != "none");
  if (speaks_tls && !requirement_->tls.empty()) {
    set(params, "tls", tls_params(*requirement_, estate_.tls));
  }
  // Where it is not what the probe does by itself.
  if (type.transport == Transport::udp && requirement_->transport == Transport::tcp) {
    set(params, "transport", Value::text("tcp"));
  }
  if (!row.method.empty()) {
    set(params, "method", Value::text(row.method));
  }
  if (row.listen) {
    // Others open these ports: a listener on loopback alone is no help to them.
    set(params, "address", Value::text("outside"));
  }
  if (!row.process.empty()) {
    set(params, "process", Value::text(row.process));
  }
  return params;
}

std::shared_ptr<const Timing> Expansion::timing_of(const Row& row) {
  Timing timing = row.gentle ? builder_.settings().devices : builder_.settings().defaults;
  if (requirement_->interval) {
    timing.interval = std::max(timing.interval, *requirement_->interval);
  }
  if (override_ != nullptr) {
    timing.interval = override_->interval.value_or(timing.interval);
    timing.timeout = override_->timeout.value_or(timing.timeout);
    if (override_->timeout > timing.interval) {
      Diagnostics problems;
      problems.error(override_->place, "override of " + requirement_->id + ": timeout " +
                                           format_duration(timing.timeout) +
                                           " is longer than the interval " +
                                           format_duration(timing.interval));
      builder_.report_once(problems);
    }
  }
  // As read_timing() has it: what comes from the defaults gives way to the interval.
  timing.timeout = std::min(timing.timeout, timing.interval);
  timing.confirm_interval = std::min(timing.confirm_interval, timing.interval);
  return builder_.timing(timing);
}

std::optional<std::uint32_t> Expansion::add(const Url& url, Row row) {
  row.host = url.target.host;
  row.scheme = url.target.scheme;
  if (url.names_port) {
    row.port = url.target.port;
  }
  return add(std::move(row));
}

std::optional<std::uint32_t> Expansion::add(Row row) {
  asked_for_ = true;
  if (!is_wanted()) {
    return std::nullopt;
  }
  if (requirement_->probe.empty()) {
    omit("no probe speaks " + (requirement_->protocol.empty() ? "it" : requirement_->protocol));
    return std::nullopt;
  }
  const ProbeType* type = find_probe_type(row.listen ? "listen" : requirement_->probe);
  if (type == nullptr) {
    omit("this build has no probe " + requirement_->probe);
    return std::nullopt;
  }
  const auto port = port_of(row, row.scheme);
  if (!port && type->needs_port) {
    omit("its port is not known: overrides: with the port turns it on");
    return std::nullopt;
  }
  if (row.listen) {
    row.host = kListenHost;
  }
  const Target target = target_of(row, *type, port.value_or(0));
  const Value params = params_of(row, *type, target);
  const auto timing = timing_of(row);
  // What the operator wrote once for the product is wrong once, however many probes it is for.
  Diagnostics problems;
  Reader reader(params, problems, "product " + requirement_->product);
  const auto probe =
      builder_.probe(*type, target, reader, identity(params), timing, builder_.name_servers());
  reader.done();
  builder_.report_once(problems);
  if (!probe) {
    return std::nullopt;
  }
  Check check = check_of(row, port.value_or(0));
  check.probe = *probe;
  check.timing = timing;
  return builder_.add(std::move(check), row.place);
}

Check Expansion::check_of(const Row& row, std::uint16_t port) {
  const std::string& where = row.device.empty() ? row.host : row.device;
  Check check;
  check.id = requirement_->id + "/" + authority(where, port) + row.id_suffix;
  check.name = where + " " + std::string(last_part(requirement_->id));
  check.requirement = requirement_;
  check.product = builder_.word(requirement_->product);
  check.necessity = requirement_->necessity;
  check.in_use = row.in_use;
  if (override_ != nullptr && override_->necessity) {
    check.necessity = *override_->necessity;
    check.in_use = true;
  }
  const bool is_operators = row.port || (override_ != nullptr && override_->port);
  check.evidence = is_operators ? Evidence::operator_ : requirement_->evidence_for(row.variant);
  check.confirmed = confirmed_;
  check.direction = requirement_->direction;
  check.device = row.device;
  check.device_type = row.device_type.empty() ? nullptr : builder_.word(row.device_type);
  check.labels = builder_.labels();
  check.gate = row.gate;
  check.ends = ends_;
  if (!row.peers.empty() || !row.known_as.empty()) {
    check.ends = std::make_shared<const Ends>(
        Ends{row.known_as.empty() ? estate_.appliance : row.known_as, row.peers});
  }
  check.note =
      row.listen ? "listening here; reachability from outside is not proven by it" : row.note;
  return check;
}

}  // namespace reachd::config
