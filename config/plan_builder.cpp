#include "config/plan_builder.hpp"

#include <algorithm>

#include "probes/registry.hpp"

namespace reachd::config {
namespace {

/// FNV-1a, 64 bits: the same in every build, as keys are compared across reloads and restarts.
class Hash {
 public:
  void add(std::string_view text) noexcept {
    for (const char c : text) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    state_ = (state_ ^ 0xffU) * 0x100000001b3ULL;  // ends a field: no text has this byte
  }
  std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325ULL;
};

std::uint64_t hash_of(std::string_view text) noexcept {
  Hash hash;
  hash.add(text);
  return hash.value();
}

void append(std::string& text, const Value& value, const std::vector<std::string_view>& skip) {
  switch (value.kind) {
    case Value::Kind::null:
      text += '~';
      break;
    case Value::Kind::scalar:
      text += std::to_string(value.scalar.size()) + ':' + value.scalar;
      break;
    case Value::Kind::list:
      text += '[';
      for (const Value& item : value.items) {
        append(text, item, {});
      }
      text += ']';
      break;
    case Value::Kind::map: {
      std::vector<const Value::Member*> members;
      for (const Value::Member& member : value.members) {
        if (std::ranges::find(skip, member.key) == skip.end()) {
          members.push_back(&member);
        }
      }
      std::ranges::sort(members, {}, &Value::Member::key);
      text += '{';
      for (const Value::Member* member : members) {
        text += std::to_string(member->key.size()) + ':' + member->key;
        append(text, member->value, {});
      }
      text += '}';
      break;
    }
  }
}

std::uint64_t key_of(const ProbeType& type, const Target& target, std::string_view identity,
                     const std::vector<Endpoint>* name_servers) {
  Hash hash;
  hash.add(type.name);
  hash.add(target.scheme);
  hash.add(target.host);
  hash.add(std::to_string(target.port));
  hash.add(target.path);
  hash.add(identity);
  if (name_servers != nullptr) {
    for (const Endpoint& server : *name_servers) {
      hash.add(server.to_string());
    }
  }
  return hash.value();
}

/// What serves between two full probes: a bare connect, where the full one makes a connection of
/// its own to the same place.
std::shared_ptr<const Probe> light_probe(const ProbeType& type, const Target& target,
                                         const Probe& full, const Timing& timing,
                                         Diagnostics& diagnostics) {
  const ProbeType* connect = find_probe_type("tcp");
  if (timing.handshake_every <= Duration{} || connect == nullptr || &type == connect ||
      type.transport != Transport::tcp || !full.wants_address()) {
    return nullptr;
  }
  const Value none = Value::map();
  Reader params(none, diagnostics, "connect");
  return connect->make(target, params);
}

}  // namespace

std::string identity(const Value& map, const std::vector<std::string_view>& skip) {
  std::string text;
  append(text, map, skip);
  return text;
}

PlanBuilder::PlanBuilder(const Settings& settings, const Observed& observed,
                         Diagnostics& diagnostics)
    : settings_(settings), observed_(observed), diagnostics_(diagnostics) {
  plan_.vantage = settings.vantage;
  if (!settings.labels.empty()) {
    labels_ = std::make_shared<const Labels>(settings.labels);
  }
  if (!settings.resolver.empty()) {
    name_servers_ = std::make_shared<const std::vector<Endpoint>>(settings.resolver);
  }
}

std::shared_ptr<const Timing> PlanBuilder::timing(const Timing& timing) {
  const auto known = std::ranges::find_if(timings_, [&](const auto& t) { return *t == timing; });
  return known != timings_.end() ? *known
                                 : timings_.emplace_back(std::make_shared<const Timing>(timing));
}

std::shared_ptr<const std::string> PlanBuilder::word(std::string_view text) {
  const auto known = words_.find(text);
  if (known != words_.end()) {
    return known->second;
  }
  auto word = std::make_shared<const std::string>(text);
  words_.emplace(*word, word);
  return word;
}

std::uint32_t PlanBuilder::group(const std::string& name) {
  const auto [entry, is_new] =
      groups_.try_emplace(name, static_cast<std::uint32_t>(plan_.groups.size()));
  if (is_new) {
    plan_.groups.push_back({name, {}});
  }
  return entry->second;
}

std::optional<std::uint32_t> PlanBuilder::probe(
    const ProbeType& type, const Target& target, Reader& params, std::string_view identity,
    const std::shared_ptr<const Timing>& timing,
    std::shared_ptr<const std::vector<Endpoint>> name_servers) {
  // Made before looking for its like: that is what marks the parameters as known, and judges them.
  auto made = type.make(target, params);
  if (!made) {
    return std::nullopt;
  }
  const std::uint64_t key = key_of(type, target, identity, name_servers.get());
  const auto known = probes_.find(key, [](std::uint32_t) { return true; });
  if (!known) {
    const auto index = static_cast<std::uint32_t>(plan_.probes.size());
    auto light = light_probe(type, target, *made, *timing, diagnostics_);
    // A probe over TCP that wants no address leaves the target's name to its proxy.
    const bool direct = type.transport != Transport::tcp || made->wants_address();
    plan_.probes.push_back({&type, target, std::move(made), std::move(light), timing,
                            std::move(name_servers), direct ? nullptr : proxy(params.text("proxy")),
                            key});
    probes_.insert(key, index);
    return index;
  }
  ProbeSpec& spec = plan_.probes[*known];
  const bool sooner = timing->interval < spec.timing->interval;
  Timing both = sooner ? *timing : *spec.timing;
  const Timing& other = sooner ? *spec.timing : *timing;
  // A weak controller stays one, whoever else asks for it.
  both.per_host = std::min(both.per_host, other.per_host);
  both.per_host_gap = std::max(both.per_host_gap, other.per_host_gap);
  spec.timing = this->timing(both);
  if (timing->handshake_every <= Duration{}) {
    spec.light = nullptr;
  }
  return known;
}

std::shared_ptr<const Target> PlanBuilder::proxy(const std::string& url) {
  auto& known = proxies_[url];
  if (!known) {
    if (auto target = parse_target(url, kDefaultProxyPort)) {
      known = std::make_shared<const Target>(std::move(*target));
    }
  }
  return known;
}

void PlanBuilder::report_once(const Diagnostics& problems) {
  for (const Diagnostic& problem : problems.errors()) {
    if (reported_.insert(problem.to_string()).second) {
      diagnostics_.error(problem.place, problem.message);
    }
  }
}

std::optional<std::uint32_t> PlanBuilder::find(std::string_view id) const {
  return checks_.find(hash_of(id),
                      [&](std::uint32_t index) { return plan_.checks[index].id == id; });
}

std::optional<std::uint32_t> PlanBuilder::add(Check check, const Place& place) {
  if (const auto known = find(check.id)) {
    const Check& other = plan_.checks[*known];
    // The same probe of the same product asked for twice is no question of which one counts.
    if (other.requirement == nullptr || other.probe != check.probe) {
      const std::string there = places_[*known].to_string();
      Diagnostics problems;
      problems.error(place,
                     check.device.empty()
                         ? "check " + check.id + " is already asked for at " + there
                         : "the name is taken by the device at " + there +
                               "; ids of checks hold it, so names of devices have to differ");
      report_once(problems);  // not for each check of the device
    }
    return std::nullopt;
  }
  const auto index = static_cast<std::uint32_t>(plan_.checks.size());
  checks_.insert(hash_of(check.id), index);
  plan_.checks.push_back(std::move(check));
  places_.push_back(place);
  return index;
}

}  // namespace reachd::config
