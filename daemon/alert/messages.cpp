#include "daemon/alert/messages.hpp"

#include <array>
#include <utility>

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;

std::string after(std::string_view cause) {
  return cause.empty() ? std::string() : ": " + std::string(cause);
}

/// "again after 12 min"
std::string again(Duration down) { return "again after " + in_words(down); }

}  // namespace

std::string in_words(Duration duration) {
  constexpr std::array<std::pair<std::string_view, std::chrono::seconds>, 4> kUnits{
      {{"d", 24h}, {"h", 1h}, {"min", 1min}, {"s", 1s}}};
  auto left = std::chrono::duration_cast<std::chrono::seconds>(duration);
  std::string text;
  int parts = 0;
  for (const auto& [unit, length] : kUnits) {
    const auto count = left / length;
    if (count > 0 && parts < 2) {
      text += (text.empty() ? "" : " ") + std::to_string(count) + " " + std::string(unit);
      left -= count * length;
    }
    parts += text.empty() ? 0 : 1;
  }
  return text.empty() ? "less than 1 s" : text;
}

std::string title(const event::Identity& identity) {
  const std::string& name = identity.name.empty() ? identity.id : identity.name;
  return identity.target.empty() || identity.target == name ? name
                                                            : name + " (" + identity.target + ")";
}

std::string cause(const Outcome* outcome, std::optional<Reason> reason) {
  if (outcome != nullptr && !outcome->message.empty()) {
    return outcome->message;
  }
  if (outcome != nullptr && !outcome->success()) {
    return std::string(describe(outcome->reason));
  }
  return reason && *reason != Reason::ok ? std::string(describe(*reason)) : std::string();
}

std::string down_message(const event::Identity& check, std::string_view cause) {
  return title(check) + " can't be used" + after(cause);
}

std::string late_message(const event::Identity& check, Duration down, std::string_view cause) {
  return title(check) + " can't be used for " + in_words(down) + " now" + after(cause);
}

std::string up_message(const event::Identity& check, Duration down, std::string_view cause) {
  return title(check) + " can be used " + again(down) +
         (cause.empty() ? std::string() : "; it was down with: " + std::string(cause));
}

std::string degraded_message(const event::Identity& check, std::string_view cause) {
  return title(check) + " can be used, but something is wrong" + after(cause);
}

std::string up_degraded_message(const event::Identity& check, Duration down,
                                std::string_view cause) {
  return title(check) + " can be used " + again(down) + ", but something is wrong" + after(cause);
}

std::string well_message(const event::Identity& check) {
  return title(check) + " can be used, and nothing is wrong with it";
}

std::string unknown_message(const event::Identity& check, std::string_view cause) {
  return title(check) + " can't be judged any more" + after(cause);
}

std::string flapping_message(const event::Identity& check, std::size_t changes, Duration within) {
  return title(check) + " comes and goes: " + std::to_string(changes) + " changes within " +
         in_words(within) + "; its alert stays as it is until it settles";
}

std::string settled_message(const event::Identity& check, engine::Verdict verdict) {
  return title(check) + " has settled: it is " + std::string(to_string(verdict));
}

std::string removed_message(const event::Identity& check) {
  return title(check) + " is not checked any more: the configuration has it no longer";
}

std::string no_node_message(const event::Identity& node) {
  return title(node) + " is not judged as a whole any more: too few checks of it are configured";
}

std::string expiring_message(const event::Identity& check, const CertificateFacts& certificate,
                             Duration left) {
  const std::string whose = "the certificate " + certificate.subject + " of " + title(check);
  return left > Duration::zero() ? whose + " ends in " + in_words(left)
                                 : whose + " ended " + in_words(-left) + " ago";
}

std::string node_cause(const Node& node, std::string_view of_a_member) {
  const std::string members = std::to_string(node.size());
  const std::string hosts = std::to_string(node.hosts());
  switch (node.kind) {
    case NodeKind::device:
      return "none of its " + members + " TCP ports answers as it should" + after(of_a_member);
    case NodeKind::proxy:
      return std::string(of_a_member);
    case NodeKind::resolver:
      return std::to_string(node.hosts_with_evidence) + " of " + hosts +
             " names can't be looked up" + after(of_a_member);
    case NodeKind::link:
      return "none of " + hosts + " other hosts answers" + after(of_a_member);
  }
  return std::string(of_a_member);
}

std::string with_affected(std::size_t count) {
  return count == 0   ? std::string()
         : count == 1 ? std::string("; one other is down with it")
                      : "; " + std::to_string(count) + " others are down with it";
}

std::string in_window(std::string_view name) {
  return name.empty() ? std::string() : ", in the maintenance window " + std::string(name);
}

}  // namespace reachd::alert
