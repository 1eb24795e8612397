#include "daemon/alert/graph.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "daemon/alert/classes.hpp"
#include "daemon/alert/cycles.hpp"

namespace reachd::alert {
namespace {

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

bool is_loopback(const Target& target) noexcept {
  return target.literal ? target.literal->is_loopback()
                        : target.host == "localhost" || target.host.ends_with(".localhost");
}

/// What is on the way, or the target itself.
const Target& first_stop(const config::ProbeSpec& spec) noexcept {
  return spec.proxy ? *spec.proxy : spec.target;
}

/// Whether its packets leave this host.
bool goes_out(const config::ProbeSpec& spec) noexcept {
  return spec.type != nullptr && spec.type->name != "listen" && !is_loopback(first_stop(spec));
}

/// Whether its verdict can be down for want of an answer. A gate may keep a check unknown for ever,
/// and so may UDP, where silence is an answer like any other.
bool can_prove(const config::Check& check, const config::ProbeSpec& spec) noexcept {
  return (!check.gate || check.gate->kind == config::Gate::Kind::device_answered) &&
         config::transport(check, spec) != Transport::udp;
}

std::string servers_of(const config::ProbeSpec& spec) {
  std::string text;
  for (const Endpoint& server : *spec.name_servers) {
    text += (text.empty() ? "" : ",") + server.to_string();
  }
  return text;
}

class Builder {
 public:
  explicit Builder(const config::Plan& plan) : plan_(plan) {}

  Graph build() {
    collect();
    keep_useful();
    connect();
    return std::move(graph_);
  }

 private:
  struct Draft {
    NodeKind kind;
    event::Identity identity;
    std::vector<std::uint32_t> members;
    std::vector<std::uint32_t> dependents;  ///< members or not
    std::uint32_t number = kNone;           ///< among the nodes that are kept
  };
  static constexpr std::uint32_t kNone = 0xffffffff;

  const config::ProbeSpec& spec(const config::Check& check) const {
    return plan_.probes[check.probe];
  }

  Draft& draft(NodeKind kind, std::string id, std::string_view name, const Target* target) {
    const auto [found, added] = by_id_.try_emplace(id, drafts_.size());
    if (added) {
      Draft& draft = drafts_.emplace_back();
      draft.kind = kind;
      draft.identity.id = std::move(id);
      draft.identity.name = name;
      draft.identity.direction = "outbound";
      if (target != nullptr) {
        draft.identity.host = target->host;
        draft.identity.target = target->host;
      }
    }
    return drafts_[found->second];
  }

  void collect() {
    for (std::uint32_t index = 0; index < plan_.checks.size(); ++index) {
      const config::Check& check = plan_.checks[index];
      const config::ProbeSpec& of = spec(check);
      checks_.emplace(check.id, index);
      const bool proves = can_prove(check, of);
      if (!check.device.empty()) {
        Draft& device = draft(NodeKind::device, "device/" + check.device, check.device, &of.target);
        device.identity.device = check.device;
        join(device, index, proves && config::transport(check, of) == Transport::tcp);
      }
      if (!goes_out(of)) {
        continue;
      }
      if (of.proxy) {
        const std::string where = of.proxy->host + ":" + std::to_string(of.proxy->port);
        Draft& proxy = draft(NodeKind::proxy, "proxy/" + where, "proxy", of.proxy.get());
        proxy.identity.target = where;
        proxy.identity.port = of.proxy->port;
        proxy.identity.transport = to_string(Transport::tcp);
        join(proxy, index, proves);
      }
      if (!first_stop(of).literal) {
        const std::string servers = of.name_servers ? servers_of(of) : std::string();
        Draft& resolver =
            draft(NodeKind::resolver, servers.empty() ? "resolver" : "resolver/" + servers,
                  "name resolution", nullptr);
        resolver.identity.target = servers;
        join(resolver, index, proves);
      }
      join(draft(NodeKind::link, "link", "this host's network", nullptr), index,
           proves && !check.gate);
    }
  }

  static void join(Draft& draft, std::uint32_t check, bool member) {
    draft.dependents.push_back(check);
    if (member) {
      draft.members.push_back(check);
    }
  }

  /// Nodes that could never tell more than their only member does are left out.
  void keep_useful() {
    for (Draft& draft : drafts_) {
      std::unordered_map<std::string_view, std::uint32_t> hosts;
      for (const std::uint32_t member : draft.members) {
        hosts.try_emplace(talks_to(spec(plan_.checks[member])),
                          static_cast<std::uint32_t>(hosts.size()));
      }
      const bool by_hosts = draft.kind == NodeKind::resolver || draft.kind == NodeKind::link;
      if ((by_hosts ? hosts.size() : draft.members.size()) < 2) {
        continue;
      }
      draft.number = static_cast<std::uint32_t>(graph_.nodes.size());
      Node& node = graph_.nodes.emplace_back();
      node.kind = draft.kind;
      node.identity = draft.identity;
      node.first = static_cast<std::uint32_t>(graph_.memberships.size());
      node.evidence_by_host.resize(hosts.size());
      for (const std::uint32_t member : draft.members) {
        const auto place = static_cast<std::uint32_t>(node.order.size());
        node.order.push_back(node.first + place);
        graph_.memberships.push_back({.node = draft.number,
                                      .check = member,
                                      .host = hosts.at(talks_to(spec(plan_.checks[member]))),
                                      .place = place});
      }
      node.without = static_cast<std::uint32_t>(node.order.size());
      describe(node, draft.members);
    }
  }

  /// Of what its members have in common.
  void describe(Node& node, const std::vector<std::uint32_t>& members) const {
    const config::Check& first = plan_.checks[members.front()];
    event::Identity& identity = node.identity;
    identity.product = first.product ? *first.product : std::string();
    identity.labels = first.labels ? *first.labels : config::Labels();
    for (const std::uint32_t member : members) {
      const config::Check& check = plan_.checks[member];
      node.optional = node.optional && check.necessity == config::Necessity::optional;
      if (!check.product || *check.product != identity.product) {
        identity.product.clear();
      }
      if (check.labels != first.labels) {
        std::erase_if(identity.labels, [&](const auto& label) {
          return !check.labels || std::ranges::find(*check.labels, label) == check.labels->end();
        });
      }
    }
    identity.necessity =
        to_string(node.optional ? config::Necessity::optional : config::Necessity::required);
  }

  std::uint32_t subject(const Draft& draft) const {
    return static_cast<std::uint32_t>(plan_.checks.size()) + draft.number;
  }

  /// What `id` of depends_on stands for: a check, or a device: its node, or the only TCP check of
  /// a device that has no more.
  std::optional<std::uint32_t> named(const std::string& id) const {
    if (const auto check = checks_.find(id); check != checks_.end()) {
      return check->second;
    }
    const auto device = by_id_.find(id);
    if (device == by_id_.end()) {
      return std::nullopt;
    }
    const Draft& draft = drafts_[device->second];
    if (draft.number != kNone) {
      return subject(draft);
    }
    return draft.members.empty() ? std::nullopt : std::optional(draft.members.front());
  }

  void connect() {
    const auto checks = static_cast<std::uint32_t>(plan_.checks.size());
    Pairs up;  // (subject, parent), nearest parent first
    for (std::uint32_t index = 0; index < checks; ++index) {
      const config::Check& check = plan_.checks[index];
      const auto device = by_id_.find("device/" + check.device);
      const bool in_node = !check.device.empty() && drafts_[device->second].number != kNone;
      for (const std::string& id : check.depends_on) {
        const auto parent = named(id);
        // What a device depends on is its node's affair, once it has one.
        const bool of_device = id.starts_with("device/");
        if (parent && in_node && of_device) {
          up.emplace_back(subject(drafts_[device->second]), *parent);
        } else if (parent) {
          up.emplace_back(index, *parent);
        }
      }
    }
    std::ranges::sort(up);
    up.erase(std::ranges::unique(up).begin(), up.end());
    const std::size_t by_hand = up.size();
    for (const NodeKind kind :
         {NodeKind::device, NodeKind::proxy, NodeKind::resolver, NodeKind::link}) {
      for (const Draft& draft : drafts_) {
        if (draft.kind == kind && draft.number != kNone) {
          for (const std::uint32_t dependent : draft.dependents) {
            up.emplace_back(dependent, subject(draft));
          }
          if (kind == NodeKind::link) {
            for (const Draft& other : drafts_) {
              if (other.number != kNone && other.kind != NodeKind::link) {
                up.emplace_back(subject(other), subject(draft));
              }
            }
          }
        }
      }
    }
    const std::size_t subjects = checks + graph_.nodes.size();
    if (by_hand > 0) {
      drop_cycles(up, subjects);
    }
    Pairs down;
    down.reserve(up.size());
    for (const auto& [child, parent] : up) {
      down.emplace_back(parent, child);
    }
    Pairs of_checks;
    for (std::uint32_t i = 0; i < graph_.memberships.size(); ++i) {
      of_checks.emplace_back(graph_.memberships[i].check, i);
    }
    graph_.parents = engine::Lists(subjects, up);
    graph_.children = engine::Lists(subjects, down);
    graph_.memberships_of = engine::Lists(checks, of_checks);
  }

  const config::Plan& plan_;
  std::vector<Draft> drafts_;
  std::unordered_map<std::string, std::size_t> by_id_;  ///< of drafts_
  std::unordered_map<std::string_view, std::uint32_t> checks_;
  Graph graph_;
};

}  // namespace

const std::string& talks_to(const config::ProbeSpec& spec) noexcept {
  return first_stop(spec).host;
}

bool is_evidence(NodeKind kind, Reason reason, Phase phase) noexcept {
  switch (kind) {
    case NodeKind::device:
      return true;
    case NodeKind::proxy:
      return reason == Reason::proxy_unreachable;
    case NodeKind::resolver:
      return is_resolver_failure(reason, phase);
    case NodeKind::link:
      return is_silence(reason);
  }
  return false;
}

std::optional<bool> Node::down() const noexcept {
  switch (kind) {
    case NodeKind::proxy:
      return without < size();
    case NodeKind::resolver:
      return hosts_with_evidence >= 2 && 2 * std::size_t{hosts_with_evidence} >= hosts();
    case NodeKind::device:
    case NodeKind::link:
      break;
  }
  if (without == 0) {
    return true;
  }
  return contrary > 0 ? std::optional(false) : std::nullopt;
}

bool Graph::note(std::uint32_t membership, bool evidence) {
  Membership& member = memberships[membership];
  Node& node = nodes[member.node];
  const bool contrary = !evidence;
  if (member.evidence == evidence && member.contrary == contrary) {
    return false;
  }
  node.contrary += contrary ? 1U : 0U;
  node.contrary -= member.contrary ? 1U : 0U;
  member.contrary = contrary;
  if (member.evidence != evidence) {
    member.evidence = evidence;
    // Swapped with the last, or behind the last, of those without evidence.
    const std::uint32_t border = evidence ? --node.without : node.without++;
    const std::uint32_t other = node.order[border];
    std::swap(node.order[member.place], node.order[border]);
    std::swap(member.place, memberships[other].place);
    std::uint32_t& of_host = node.evidence_by_host[member.host];
    node.hosts_with_evidence += evidence && of_host == 0 ? 1U : 0U;
    of_host = evidence ? of_host + 1 : of_host - 1;
    node.hosts_with_evidence -= !evidence && of_host == 0 ? 1U : 0U;
  }
  return true;
}

Graph make_graph(const config::Plan& plan) { return Builder(plan).build(); }

}  // namespace reachd::alert
