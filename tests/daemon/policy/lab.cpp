#include "tests/daemon/policy/lab.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "daemon/json/event.hpp"

namespace reachd::test {
namespace {

using namespace std::chrono_literals;
using engine::Verdict;

constexpr ProbeType kTcp{.name = "tcp",
                         .summary = "opens a connection",
                         .transport = Transport::tcp,
                         .default_port = 0,
                         .needs_port = true,
                         .make = nullptr};
constexpr ProbeType kUdp{.name = "udp",
                         .summary = "sends a datagram",
                         .transport = Transport::udp,
                         .default_port = 0,
                         .needs_port = true,
                         .make = nullptr};

std::string id_of(std::string_view name) { return "custom/" + std::string(name); }

Target target_of(const std::string& text) { return parse_target(text).value(); }

}  // namespace

PolicyLab::PolicyLab() {
  now_.steady = TimePoint(1000h);
  now_.wall = WallTime(std::chrono::seconds(1'800'000'000));
  alerting.certificate_expiring = {24h * 30, 24h * 7};
  policy_ = std::make_unique<alert::Policy>("beacon-1", journal::Kept{}, peek());
}

alert::Peek PolicyLab::peek() {
  return [this](std::string_view id) -> std::optional<engine::CheckStatus> {
    const auto found = statuses_.find(id);
    if (found == statuses_.end()) {
      return std::nullopt;
    }
    engine::CheckStatus status = found->second;
    if (live && status.last && status.last->success()) {
      Outcome outcome = *status.last;
      outcome.time = now_.wall;
      status.last = std::make_shared<const Outcome>(std::move(outcome));
    }
    return status;
  };
}

void PolicyLab::plan(const std::vector<Wanted>& checks) {
  auto plan = std::make_shared<config::Plan>();
  plan->vantage = "beacon-1";
  const auto timing = std::make_shared<const config::Timing>();
  for (const Wanted& wanted : checks) {
    config::ProbeSpec& spec = plan->probes.emplace_back();
    spec.type = wanted.probe == "udp" ? &kUdp : &kTcp;
    spec.target = target_of(wanted.target);
    spec.timing = timing;
    if (!wanted.proxy.empty()) {
      spec.proxy = std::make_shared<const Target>(target_of(wanted.proxy));
    }
    config::Check& check = plan->checks.emplace_back();
    check.id = id_of(wanted.name);
    check.name = wanted.name;
    check.product = std::make_shared<const std::string>(wanted.product);
    check.probe = static_cast<std::uint32_t>(plan->probes.size() - 1);
    check.necessity = wanted.necessity;
    check.evidence = wanted.evidence;
    check.device = wanted.device;
    check.timing = timing;
    for (const std::string& parent : wanted.depends_on) {
      check.depends_on.push_back(parent.starts_with("device/") ? parent : id_of(parent));
    }
  }
  plan_ = std::move(plan);
}

void PolicyLab::adopt() {
  // The engine forgets what it knew of checks that are gone or mean something else.
  std::map<std::string, std::string, std::less<>> targets;
  for (const config::Check& check : plan_->checks) {
    targets[check.id] = plan_->probes[check.probe].target.text;
  }
  std::erase_if(statuses_, [&](const auto& status) {
    const auto now = targets.find(status.first);
    return now == targets.end() || now->second != targets_[status.first];
  });
  targets_ = std::move(targets);
  carry_out(policy_->adopt(plan_, alerting, maintenance, now_));
}

void PolicyLab::start_up(const std::vector<Wanted>& checks) {
  live = false;
  plan(checks);
  adopt();
  for (const Wanted& check : checks) {
    up(check.name);
  }
  told();
  asked();
  pass(std::chrono::hours(1));
}

void PolicyLab::reload(const std::vector<Wanted>& checks) {
  plan(checks);
  adopt();
}

void PolicyLab::restart() {
  journal::Kept kept;
  for (const auto& [id, row] : rows_) {
    kept.checks.push_back(row);
  }
  for (const auto& [key, alert] : alerts_) {
    kept.alerts.push_back({.key = key, .body = alert.first});
  }
  policy_ = std::make_unique<alert::Policy>("beacon-1", kept, peek());
  statuses_.clear();
  marks_.clear();
  asked_.clear();
  now_.steady -= 500h;  // another process may have another steady clock
  adopt();
}

void PolicyLab::restart_with(const std::vector<Wanted>& checks) {
  plan(checks);
  restart();
}

engine::CheckStatus& PolicyLab::status(std::string_view name) { return statuses_[id_of(name)]; }

void PolicyLab::say(std::string_view name, Verdict to, Outcome outcome) {
  engine::CheckStatus& known = status(name);
  const Verdict from = known.verdict;
  known.verdict = to;
  known.has_been_up = known.has_been_up || to == Verdict::up || to == Verdict::degraded;
  known.observed = true;
  known.last_change = from == to ? known.last_change : now_.wall;
  outcome.time = now_.wall;
  known.last = std::make_shared<const Outcome>(std::move(outcome));
  if (from == to) {
    carry_out(policy_->looked(id_of(name), known, now_));
  } else {
    carry_out(policy_->changed(id_of(name), from, known, now_));
  }
}

void PolicyLab::up(std::string_view name) { say(name, Verdict::up, {}); }

void PolicyLab::degraded(std::string_view name) {
  Outcome outcome;
  outcome.degraded = true;
  outcome.message = "the server answered 503";
  say(name, Verdict::degraded, std::move(outcome));
}

void PolicyLab::down(std::string_view name, Reason reason) {
  Outcome outcome;
  outcome.reason = reason;
  outcome.phase = usual_phase(reason);
  say(name, Verdict::down, std::move(outcome));
}

void PolicyLab::unknown(std::string_view name) {
  Outcome outcome;
  outcome.reason = Reason::local_route;
  say(name, Verdict::unknown, std::move(outcome));
}

void PolicyLab::result(std::string_view name, Reason reason) {
  Outcome outcome;
  outcome.reason = reason;
  outcome.phase = usual_phase(reason);
  say(name, status(name).verdict, std::move(outcome));
}

void PolicyLab::settle(std::string_view name) {
  carry_out(policy_->settled(id_of(name), status(name), now_));
}

void PolicyLab::look(std::string_view name) {
  carry_out(policy_->looked(id_of(name), status(name), now_));
}

void PolicyLab::certificate(std::string_view name, Duration left, Reason judgement) {
  Outcome outcome;
  auto tls = std::make_shared<TlsFacts>();
  tls->judgement = judgement;
  tls->chain.push_back({.subject = "CN=" + std::string(name),
                        .issuer = "CN=Lab",
                        .names = {},
                        .not_before = now_.wall - 24h,
                        .not_after = now_.wall + left,
                        .fingerprint_sha256 = "ab"});
  outcome.tls = std::move(tls);
  say(name, Verdict::up, std::move(outcome));
}

void PolicyLab::traced(std::string_view name, std::string message) {
  auto path = std::make_shared<Path>();
  path->message = std::move(message);
  status(name).path = std::move(path);
  look(name);
}

void PolicyLab::pass(Duration duration) {
  const TimePoint until = now_.steady + duration;
  int ticks = 0;
  while (policy_->next_tick() <= until) {
    const Duration step = std::max(policy_->next_tick() - now_.steady, Duration::zero());
    now_.steady += step;
    now_.wall += step;
    carry_out(policy_->tick(now_));
    ASSERT_LT(++ticks, 100'000) << "next_tick() does not move on";
  }
  now_.wall += until - now_.steady;
  now_.steady = until;
}

void PolicyLab::own(event::Kind kind, std::string message) {
  carry_out(policy_->own(kind, std::move(message), now_));
}

void PolicyLab::carry_out(alert::Decision decision) {
  for (const event::Alert& alert : decision.alerts) {
    alerts_[alert.key] = {json::alert_text(alert), alert.ended.has_value()};
  }
  for (const std::string& key : decision.alerts_gone) {
    EXPECT_EQ(alerts_.erase(key), 1U) << key;
  }
  for (const journal::CheckRow& row : decision.checks) {
    rows_[row.check] = row;
  }
  for (const std::string& id : decision.checks_gone) {
    rows_.erase(id);
  }
  std::ranges::move(decision.events, std::back_inserter(events_));
  std::ranges::move(decision.transitions, std::back_inserter(transitions_));
  std::ranges::move(decision.ask, std::back_inserter(asked_));
  for (const auto& [id, modifiers] : decision.marks) {
    marks_[id] = modifiers;
  }
  verify();
}

/// What holds at any moment, whatever happened.
void PolicyLab::verify() const {
  std::map<std::string, int> reachability;
  std::size_t told = 0;
  for (const event::Alert& alert : policy_->alerts()) {
    const auto kept = alerts_.find(alert.key);
    ASSERT_NE(kept, alerts_.end()) << alert.key << " was not journalled";
    EXPECT_EQ(kept->second.second, alert.ended.has_value()) << alert.key;
    ++told;
    if (!alert.ended && alert.check && alert.name != event::AlertName::certificate_expiring) {
      EXPECT_EQ(++reachability[alert.check->id], 1) << "two alerts of " << alert.check->id;
    }
  }
  EXPECT_EQ(told, alerts_.size()) << "the journal keeps alerts that the policy has forgotten";
}

std::string PolicyLab::told() {
  std::string text;
  for (; heard_ < events_.size(); ++heard_) {
    const event::Event& event = events_[heard_];
    text += std::string(to_string(event.kind)) + " " + std::string(to_string(event.severity));
    if (event.check) {
      const bool check = event.check->id.starts_with("custom/");
      text += " " + (check ? event.check->name : event.check->id);
    }
    if (event.from && event.to) {
      text += " " + std::string(to_string(*event.from)) + "->" + std::string(to_string(*event.to));
    }
    if (event.suppressed_by != engine::Modifier::none) {
      text += " held by " + std::string(to_string(event.suppressed_by));
      text += event.parent.empty() ? "" : " on " + event.parent;
    }
    text += '\n';
  }
  return text;
}

std::string PolicyLab::open() const {
  std::string text;
  for (const event::Alert& alert : policy_->alerts()) {
    if (!alert.ended) {
      text += std::string(to_string(alert.name)) + " " + std::string(to_string(alert.severity));
      text += alert.check ? " " + alert.check->id : "";
      text += alert.flapping ? " flapping\n" : "\n";
    }
  }
  return text;
}

std::vector<std::string> PolicyLab::ended() const {
  std::vector<std::string> keys;
  for (const event::Alert& alert : policy_->alerts()) {
    if (alert.ended) {
      keys.push_back(alert.key);
    }
  }
  return keys;
}

const event::Alert* PolicyLab::alert(std::string_view key) const {
  shown_ = policy_->alerts();
  const auto found = std::ranges::find(shown_, key, &event::Alert::key);
  return found != shown_.end() ? &*found : nullptr;
}

std::vector<std::string> PolicyLab::asked() { return std::exchange(asked_, {}); }

engine::Modifiers PolicyLab::mark(std::string_view name) const {
  const auto found = marks_.find(id_of(name));
  return found != marks_.end() ? found->second : engine::Modifiers();
}

}  // namespace reachd::test
