#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/plan.hpp"
#include "daemon/engine/engine.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/resolver.hpp"

namespace reachd::test {

/// A probe that does as the test says. The counters may be read from any thread.
class FakeProbe final : public Probe {
 public:
  using Script = std::function<Reason(const ProbeRun&)>;

  /// Ends at once with the reason that the script gives. The engine of a fixture outlives its
  /// test's variables: a script owns what it looks at.
  explicit FakeProbe(Script script) : script_(std::move(script)) {}
  /// Waits until its deadline ends it.
  static std::shared_ptr<FakeProbe> hanging();
  /// Ends at once with `says`, which a test may change meanwhile.
  static std::shared_ptr<FakeProbe> ending_with(Reason reason);
  /// Takes so long for each run.
  static std::shared_ptr<FakeProbe> taking(Duration time);

  asio::awaitable<Outcome> run(ProbeRun run) const override;
  bool wants_address() const noexcept override { return wants_address_; }

  bool wants_address_ = true;
  std::atomic<Reason> says = Reason::ok;
  mutable std::atomic<int> runs = 0;
  mutable std::atomic<int> running = 0;
  mutable std::atomic<int> most_running = 0;
  mutable std::atomic<int> stopped = 0;

 private:
  FakeProbe() = default;

  Script script_;  ///< empty: ends with `says`
  Duration takes_{};
};

const ProbeType& fake_type();

/// Answers from a table; the name "dead" never answers, others are unknown.
class FakeResolver final : public net::Resolver {
 public:
  asio::awaitable<net::Result<std::vector<IpAddress>>> resolve(std::string name,
                                                               std::span<const Endpoint> servers,
                                                               net::Deadline& deadline) override;
  std::vector<Endpoint> system_servers() override { return {}; }

  std::map<std::string, std::vector<IpAddress>> names;
};

/// Builds plans by hand. Targets that are addresses are not resolved.
class PlanMaker {
 public:
  PlanMaker();
  /// A probe with a check of its own; `key` 0 has phase 0: it is due at once.
  std::uint32_t add(std::string id, const std::string& target, std::shared_ptr<const Probe> probe,
                    std::uint64_t key = 0);
  /// Another check of the same probe.
  std::uint32_t add_check(std::string id, std::uint32_t probe);
  config::ProbeSpec& spec(std::uint32_t check) { return plan.probes[plan.checks[check].probe]; }
  std::shared_ptr<const config::Plan> share() const {
    return std::make_shared<const config::Plan>(plan);
  }

  config::Plan plan;
  config::Timing timing;  ///< of what is added next
};

/// Remembers what the engine says and lets a test wait for it.
class Recorder final : public engine::Observer {
 public:
  struct Change {
    std::string check;
    engine::Verdict from;
    engine::Verdict to;
    bool operator==(const Change&) const = default;
  };

  void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) override;
  void on_skip(engine::Skip cause, std::uint64_t count) override;
  void on_change(const config::Check& check, engine::Verdict from,
                 const engine::CheckStatus& status) override;
  void on_settled(const config::Check& check, const engine::CheckStatus& status) override;

  /// Waits until the condition holds after something was told; false after the guard of 5 s.
  bool wait(const std::function<bool()>& condition);
  std::vector<Change> changes() const;
  std::vector<std::pair<std::string, engine::Verdict>> settled() const;
  int probes() const;
  std::uint64_t skips(engine::Skip cause) const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable told_;
  std::vector<Change> changes_;
  std::vector<std::pair<std::string, engine::Verdict>> settled_;
  std::map<engine::Skip, std::uint64_t> skips_;
  int probes_ = 0;
};

}  // namespace reachd::test
