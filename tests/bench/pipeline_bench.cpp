// What a TCP probe costs in the whole pipeline (schedule, launch, connect, verdict, board, metrics)
// against a bare non-blocking epoll loop that only connects. Both in one process, on loopback,
// paced at the same rate, with linger 0 and IP_RECVERR; CPU of the process, the server's apart.
//
//   pipeline_bench [probes a second, default 10000] [seconds a round, default 5] [rounds, default
//   3]

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
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

struct Cost {
  Cpu cpu;
  std::uint64_t probes = 0;
  std::uint64_t failures = 0;
  Duration each(Duration spent) const {
    return spent / static_cast<Duration::rep>(std::max(probes, std::uint64_t{1}));
  }
};

int begin_connect(int epoll, unsigned number, std::uint16_t port) {
  const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const linger reset{.l_onoff = 1, .l_linger = 0};
  const int on = 1;
  ::setsockopt(one, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::setsockopt(one, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000001U + number % LoopbackServer::kAddresses);
  ::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address);
  epoll_event event{.events = EPOLLOUT, .data = {.fd = one}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, one, &event);
  return one;
}

/// Woken every 2 ms for what is due by then, as the pipeline is.
Cost run_bare(unsigned rate, std::chrono::seconds time, std::uint16_t port) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const itimerspec every{.it_interval = {.tv_sec = 0, .tv_nsec = 2'000'000},
                         .it_value = {.tv_sec = 0, .tv_nsec = 2'000'000}};
  ::timerfd_settime(timer, 0, &every, nullptr);
  epoll_event ticks{.events = EPOLLIN, .data = {.fd = timer}};
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &ticks);

  Cost cost;
  unsigned started = 0;
  const Cpu cpu = cpu_time();
  const auto began = std::chrono::steady_clock::now();
  std::array<epoll_event, 128> events{};
  while (true) {
    const auto elapsed = std::chrono::steady_clock::now() - began;
    if (elapsed >= time && cost.probes >= started) {
      break;
    }
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int one = events[static_cast<std::size_t>(i)].data.fd;
      if (one == timer) {
        std::uint64_t expirations = 0;
        static_cast<void>(::read(timer, &expirations, sizeof expirations));
        const double seconds = std::min<double>(
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
            static_cast<double>(time.count()));
        for (; started < seconds * rate; ++started) {
          begin_connect(epoll, started, port);
        }
        continue;
      }
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(one, SOL_SOCKET, SO_ERROR, &error, &size);
      ::close(one);
      ++cost.probes;
      cost.failures += error == 0 ? 0 : 1;
    }
  }
  cost.cpu = cpu_time() - cpu;
  ::close(timer);
  ::close(epoll);
  return cost;
}

/// The daemon's own metrics, and a count.
class CountingObserver final : public engine::Observer {
 public:
  explicit CountingObserver(engine::Observer& next) : next_(next) {}
  void on_probe(const ProbeType& type, const Outcome& outcome, Duration lag) override {
    probes.fetch_add(1, std::memory_order_relaxed);
    if (!outcome.success()) {
      failures.fetch_add(1, std::memory_order_relaxed);
    }
    next_.on_probe(type, outcome, lag);
  }
  void on_skip(engine::Skip cause, std::uint64_t count) override { next_.on_skip(cause, count); }
  void on_change(const config::Check& check, engine::Verdict from,
                 const engine::CheckStatus& status) override {
    next_.on_change(check, from, status);
  }

  std::atomic<std::uint64_t> probes = 0;
  std::atomic<std::uint64_t> failures = 0;

 private:
  engine::Observer& next_;
};

class Pipeline {
 public:
  Pipeline(unsigned rate, std::uint16_t port)
      : plan_(tcp_plan(rate, std::chrono::seconds(1), port)),
        resolver_(net::make_resolver()),
        metrics_(metrics::make_self_metrics(build_facts(), probe_types())),
        observer_(*metrics_) {}

  Cost run(std::chrono::seconds time) {
    const auto engine = engine::make_engine({}, *resolver_, trust_, system_clock(), observer_);
    engine->apply(plan_);
    std::this_thread::sleep_for(std::chrono::seconds(2));  // the first round is over: steady state
    Cost cost;
    const Cpu cpu = cpu_time();
    const std::uint64_t probes = observer_.probes;
    const std::uint64_t failures = observer_.failures;
    std::this_thread::sleep_for(time);
    cost.cpu = cpu_time() - cpu;
    cost.probes = observer_.probes - probes;
    cost.failures = observer_.failures - failures;
    return cost;
  }

 private:
  std::shared_ptr<const config::Plan> plan_;
  std::unique_ptr<net::Resolver> resolver_;
  net::TrustStore trust_;
  std::unique_ptr<metrics::SelfMetrics> metrics_;
  CountingObserver observer_;
};

void show(const char* name, const Cost& cost) {
  fmt::print("  {:<9} {:>8} probes, {} failed, {} CPU each: {} user, {} system\n", name,
             cost.probes, cost.failures, microseconds(cost.each(cost.cpu.total())),
             microseconds(cost.each(cost.cpu.user)), microseconds(cost.each(cost.cpu.system)));
}

int run(unsigned rate, std::chrono::seconds time, unsigned rounds) {
  const LoopbackServer server;
  // Else chance decides which side shares a CPU with the server and is interrupted by it several
  // thousand times a second.
  server.keep_apart();
  Pipeline pipeline(rate, server.port());
  std::vector<double> ratios;
  Duration best_bare = Duration::max();
  Duration best_whole = Duration::max();
  for (unsigned round = 1; round <= rounds; ++round) {
    const Cost bare = run_bare(rate, time, server.port());
    const Cost whole = pipeline.run(time);
    ratios.push_back(std::chrono::duration<double>(whole.each(whole.cpu.total())) /
                     bare.each(bare.cpu.total()));
    best_bare = std::min(best_bare, bare.each(bare.cpu.total()));
    best_whole = std::min(best_whole, whole.each(whole.cpu.total()));
    fmt::print("round {}: ratio {:.2f}\n", round, ratios.back());
    show("bare loop", bare);
    show("pipeline", whole);
  }
  std::ranges::sort(ratios);
  fmt::print("median ratio {:.2f}; of the best rounds, {} and {}, {:.2f} (goal: at most 1.20)\n",
             ratios[ratios.size() / 2], microseconds(best_whole), microseconds(best_bare),
             std::chrono::duration<double>(best_whole) / best_bare);
  return 0;
}

}  // namespace
}  // namespace reachd::bench

int main(int argc, char** argv) {
  using reachd::bench::argument;
  const std::span<char* const> given(argv, static_cast<std::size_t>(argc));
  return reachd::bench::run(argument(given, 1, 10'000), std::chrono::seconds(argument(given, 2, 5)),
                            argument(given, 3, 3));
}
