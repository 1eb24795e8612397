// Memory and punctuality of the engine with many TCP checks at an interval of 30 s, on loopback.
//
//   scale_bench [checks, default 10000] [seconds after the first round, default 30]
//
// Goals: 40 MB resident for 10,000 checks and 250 MB for 100,000; p99 lag at most 20 ms.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "daemon/engine/engine.hpp"
#include "daemon/metrics/self_metrics.hpp"
#include "daemon/version.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/trust.hpp"
#include "probes/registry.hpp"
#include "tests/bench/loopback.hpp"

namespace reachd::bench {
namespace {

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// Counts lags in steps of 0.1 ms.
class LagObserver final : public engine::Observer {
 public:
  explicit LagObserver(engine::Observer& next) : next_(next), steps_(100'000) {}
  void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) override {
    {
      const std::scoped_lock lock(mutex_);
      const auto step = static_cast<std::size_t>(lag / std::chrono::microseconds(100));
      ++steps_[std::min(step, steps_.size() - 1)];
      ++count_;
      failures_ += outcome.success() ? 0 : 1;
    }
    next_.on_probe(type, outcome, lag);
  }
  void on_skip(engine::Skip cause, std::uint64_t count) override { next_.on_skip(cause, count); }
  void on_change(const config::Check& check, engine::Verdict from,
                 const engine::CheckStatus& status) override {
    next_.on_change(check, from, status);
  }

  void report() {
    const std::scoped_lock lock(mutex_);
    const auto at = [this](double part) {
      std::uint64_t seen = 0;
      std::size_t step = 0;
      while (step + 1 < steps_.size() &&
             static_cast<double>(seen += steps_[step]) < part * static_cast<double>(count_)) {
        ++step;
      }
      return static_cast<double>(step + 1) / 10;
    };
    fmt::print(
        "  {} probes, {} failed; lag below {:.1f} ms (p50), {:.1f} ms (p99), {:.1f} ms "
        "(p99.9)\n",
        count_, failures_, at(0.5), at(0.99), at(0.999));
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    std::ranges::fill(steps_, 0);
    count_ = failures_ = 0;
  }

 private:
  engine::Observer& next_;
  std::mutex mutex_;
  std::vector<std::uint64_t> steps_;
  std::uint64_t count_ = 0;
  std::uint64_t failures_ = 0;
};

int run(std::uint32_t checks, std::chrono::seconds time) {
  constexpr auto kInterval = std::chrono::seconds(30);
  const LoopbackServer server;
  const auto resolver = net::make_resolver();
  net::TrustStore trust;
  const auto metrics = metrics::make_self_metrics(build_facts(), probe_types());
  LagObserver observer(*metrics);
  fmt::print("{} TCP checks every {} s; {:.1f} MB before\n", checks, kInterval.count(),
             resident_megabytes());
  const auto engine = engine::make_engine({}, *resolver, trust, system_clock(), observer);
  const auto plan = tcp_plan(checks, kInterval, server.port());
  fmt::print("  plan: {:.1f} MB\n", resident_megabytes());
  const auto began = std::chrono::steady_clock::now();
  engine->apply(plan);
  fmt::print("  applied in {} ms: {:.1f} MB\n",
             std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::steady_clock::now() - began)
                 .count(),
             resident_megabytes());
  std::this_thread::sleep_for(kInterval + std::chrono::seconds(1));
  fmt::print("after the first round: {:.1f} MB\n", resident_megabytes());
  observer.report();
  observer.forget();
  const Cpu cpu = cpu_time();
  std::this_thread::sleep_for(time);
  fmt::print("steady state: {:.1f} MB resident, {:.1f} % of a core\n", resident_megabytes(),
             100 * std::chrono::duration<double>((cpu_time() - cpu).total()) / time);
  observer.report();
  return 0;
}

}  // namespace
}  // namespace reachd::bench

int main(int argc, char** argv) {
  using reachd::bench::argument;
  const std::span<char* const> given(argv, static_cast<std::size_t>(argc));
  return reachd::bench::run(argument(given, 1, 10'000),
                            std::chrono::seconds(argument(given, 2, 30)));
}
