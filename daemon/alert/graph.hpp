#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/layout.hpp"
#include "daemon/event/event.hpp"
#include "probes/core/reason.hpp"

namespace reachd::alert {

/// What checks depend on that is no check itself, so that its state is found in theirs.
enum class NodeKind : std::uint8_t {
  device,    ///< down when all its TCP checks are
  proxy,     ///< down while a check says that it can't be reached
  resolver,  ///< down when half of the names, and at least two, can't be looked up
  link,      ///< this host's own: down when no other host answers
};

/// One check's part in a node's state.
struct Membership {
  std::uint32_t node = 0;   ///< index in Graph::nodes
  std::uint32_t check = 0;  ///< index in the plan
  std::uint32_t host = 0;   ///< number of the host that is talked to, within the node
  std::uint32_t place = 0;  ///< in Node::order
  bool evidence = false;    ///< it speaks for the node being down
  bool contrary = false;    ///< it is known not to
};

struct Node {
  NodeKind kind = NodeKind::device;
  event::Identity identity;
  bool optional = true;     ///< no member is more than that
  std::uint32_t first = 0;  ///< of its memberships in Graph::memberships, which lie together
  std::vector<std::uint32_t> order;  ///< its memberships: those without evidence come first
  std::uint32_t without = 0;         ///< how many those are
  std::uint32_t contrary = 0;
  std::vector<std::uint32_t> evidence_by_host;
  std::uint32_t hosts_with_evidence = 0;
  std::uint32_t witness = 0;  ///< place of the member that was known to be well last time

  std::size_t size() const noexcept { return order.size(); }
  std::size_t hosts() const noexcept { return evidence_by_host.size(); }
  /// What its members say; nothing: not enough to change its state.
  std::optional<bool> down() const noexcept;
};

/// Who depends on whom. Subjects are the plan's checks by their index, and after them the nodes. A
/// plain structure; only the tallies of the nodes change.
struct Graph {
  std::vector<Node> nodes;
  std::vector<Membership> memberships;
  engine::Lists memberships_of;  ///< indices in `memberships`, by check
  engine::Lists parents;         ///< subjects, by subject: nearest first; without cycles
  engine::Lists children;        ///< subjects, by subject

  /// Notes what a member says; true if down() may say something else now.
  bool note(std::uint32_t membership, bool evidence);
};

Graph make_graph(const config::Plan& plan);

/// True if a check that is down for this reason speaks for the node being down.
bool is_evidence(NodeKind kind, Reason reason, Phase phase) noexcept;

/// The host that is talked to: the target's or the proxy's.
const std::string& talks_to(const config::ProbeSpec& spec) noexcept;

}  // namespace reachd::alert
