#include "tests/daemon/engine_fakes.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "probes/net/deadline.hpp"
#include "probes/net/network.hpp"

namespace reachd::test {
namespace {

class CancelOnAbort final : public net::Abortable {
 public:
  explicit CancelOnAbort(asio::steady_timer& timer) : timer_(timer) {}
  void abort() noexcept override { timer_.cancel(); }

 private:
  asio::steady_timer& timer_;
};

/// Waits for so long, or until the deadline ends.
asio::awaitable<void> wait_for(Duration time, asio::any_io_executor executor,
                               net::Deadline& deadline) {
  if (deadline.ended() != net::Deadline::Ended::no) {
    co_return;
  }
  asio::steady_timer timer(executor, time);
  CancelOnAbort cancel(timer);
  const net::Watch watch = deadline.watch(cancel);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

const ProbeType& fake_type() {
  static constexpr ProbeType kType{.name = "fake",
                                   .summary = "does as the test says",
                                   .transport = Transport::tcp,
                                   .default_port = 0,
                                   .needs_port = false,
                                   .make = nullptr};
  return kType;
}

std::shared_ptr<FakeProbe> FakeProbe::hanging() { return taking(std::chrono::hours(1)); }

std::shared_ptr<FakeProbe> FakeProbe::ending_with(Reason reason) {
  const std::shared_ptr<FakeProbe> probe(new FakeProbe);
  probe->says = reason;
  return probe;
}

std::shared_ptr<FakeProbe> FakeProbe::taking(Duration time) {
  auto probe = ending_with(Reason::ok);
  probe->takes_ = time;
  return probe;
}

asio::awaitable<Outcome> FakeProbe::run(ProbeRun run) const {
  ++runs;
  most_running = std::max(most_running.load(), ++running);
  run.progress.enter(Phase::connect);
  if (takes_ > Duration::zero()) {
    co_await wait_for(takes_, run.network.executor, run.deadline);
  }
  --running;
  if (run.deadline.ended() == net::Deadline::Ended::stopped) {
    ++stopped;
  }
  const bool in_time = run.deadline.ended() == net::Deadline::Ended::no;
  const Reason reason = !in_time ? Reason::timeout : script_ ? script_(run) : says.load();
  if (reason == Reason::ok) {
    co_return succeeded(run);
  }
  Failure failure;
  failure.reason = reason;
  co_return failed(run, std::move(failure));
}

asio::awaitable<net::Result<std::vector<IpAddress>>> FakeResolver::resolve(
    std::string name, std::span<const Endpoint>, net::Deadline& deadline) {
  Failure failure;
  if (name == "dead") {
    const auto executor = co_await asio::this_coro::executor;
    co_await wait_for(std::chrono::hours(1), executor, deadline);
    failure.reason = Reason::dns_timeout;
    co_return std::unexpected(std::move(failure));
  }
  const auto found = names.find(name);
  if (found == names.end()) {
    failure.reason = Reason::dns_nxdomain;
    co_return std::unexpected(std::move(failure));
  }
  co_return found->second;
}

PlanMaker::PlanMaker() {
  timing.interval = std::chrono::hours(1);
  timing.confirm_interval = std::chrono::milliseconds(1);
}

std::uint32_t PlanMaker::add(std::string id, const std::string& target,
                             std::shared_ptr<const Probe> probe, std::uint64_t key) {
  config::ProbeSpec& spec = plan.probes.emplace_back();
  spec.type = &fake_type();
  spec.target.text = target;
  spec.target.host = target;
  spec.target.port = 7;
  spec.target.literal = IpAddress::parse(target);
  spec.probe = std::move(probe);
  spec.timing = std::make_shared<const config::Timing>(timing);
  spec.key = key;
  return add_check(std::move(id), static_cast<std::uint32_t>(plan.probes.size() - 1));
}

std::uint32_t PlanMaker::add_check(std::string id, std::uint32_t probe) {
  static const auto kProduct = std::make_shared<const std::string>("custom");
  config::Check& check = plan.checks.emplace_back();
  check.id = std::move(id);
  check.name = check.id;
  check.product = kProduct;
  check.probe = probe;
  check.timing = std::make_shared<const config::Timing>(timing);
  return static_cast<std::uint32_t>(plan.checks.size() - 1);
}

void Recorder::on_probe(const ProbeType&, const Outcome&, Duration) {
  const std::scoped_lock lock(mutex_);
  ++probes_;
  told_.notify_all();
}

void Recorder::on_skip(engine::Skip cause, std::uint64_t count) {
  const std::scoped_lock lock(mutex_);
  skips_[cause] += count;
  told_.notify_all();
}

void Recorder::on_change(const config::Check& check, engine::Verdict from,
                         const engine::CheckStatus& status) {
  const std::scoped_lock lock(mutex_);
  changes_.push_back({check.id, from, status.verdict});
  told_.notify_all();
}

void Recorder::on_settled(const config::Check& check, const engine::CheckStatus& status) {
  const std::scoped_lock lock(mutex_);
  settled_.emplace_back(check.id, status.verdict);
  told_.notify_all();
}

bool Recorder::wait(const std::function<bool()>& condition) {
  const auto guard = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  std::unique_lock lock(mutex_);
  while (true) {
    lock.unlock();
    const bool holds = condition();
    lock.lock();
    if (holds) {
      return true;
    }
    // What the engine does after it told us is not told: look again soon.
    told_.wait_for(lock, std::chrono::milliseconds(10));
    if (std::chrono::steady_clock::now() > guard) {
      return false;
    }
  }
}

std::vector<Recorder::Change> Recorder::changes() const {
  const std::scoped_lock lock(mutex_);
  return changes_;
}

std::vector<std::pair<std::string, engine::Verdict>> Recorder::settled() const {
  const std::scoped_lock lock(mutex_);
  return settled_;
}

int Recorder::probes() const {
  const std::scoped_lock lock(mutex_);
  return probes_;
}

std::uint64_t Recorder::skips(engine::Skip cause) const {
  const std::scoped_lock lock(mutex_);
  const auto found = skips_.find(cause);
  return found == skips_.end() ? 0 : found->second;
}

}  // namespace reachd::test
