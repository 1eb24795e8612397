#include "daemon/engine/engine.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <utility>
#include <vector>

#include "daemon/engine/loops.hpp"
#include "daemon/log/log.hpp"
#include "probes/net/descriptors.hpp"

namespace reachd::engine {
namespace {

constexpr Duration kStopWithin = std::chrono::seconds(1);

class LoopsEngine final : public Engine {
 public:
  LoopsEngine(const EngineOptions& options, net::Resolver& resolver, net::TrustStore& trust,
              const Clock& clock, Observer& observer)
      : remember_(options.remember) {
    const unsigned loops = std::clamp(options.loops, 1U, 64U);
    const std::uint32_t concurrency =
        options.concurrency > 0 ? options.concurrency : concurrency_for(net::descriptor_limit());
    const std::uint32_t share = std::max(concurrency / loops, 1U);
    for (unsigned i = 0; i < loops; ++i) {
      loops_.push_back(std::make_unique<Loop>(static_cast<std::uint8_t>(i), share, resolver, trust,
                                              clock, observer, options.tracer));
    }
    layout_ =
        std::make_shared<Layout>(std::make_shared<config::Plan>(), loops, nullptr, Remember());
  }
  LoopsEngine(const LoopsEngine&) = delete;
  LoopsEngine& operator=(const LoopsEngine&) = delete;
  ~LoopsEngine() override { end_loops(); }

  void apply(std::shared_ptr<const config::Plan> plan) override {
    const auto next = std::make_shared<Layout>(
        std::move(plan), static_cast<unsigned>(loops_.size()), layout_.get(), remember_);
    // Not a latch: without futexes, as on Windows, libstdc++ 12 loses its wake-up now and then.
    std::vector<std::future<void>> swapped;
    for (const auto& loop : loops_) {
      const auto done = std::make_shared<std::promise<void>>();
      swapped.push_back(done->get_future());
      loop->post([next, done](Runner& runner) {
        runner.apply(next);
        done->set_value();
      });
    }
    for (const auto& done : swapped) {
      done.wait();
    }
    const std::scoped_lock lock(mutex_);
    layout_ = next;
  }

  void stop() override { end_loops(); }

  void look_now(std::vector<std::string> checks) override {
    post_to_all([checks = share(std::move(checks))](Runner& runner) { runner.look_now(*checks); });
  }

  void mark(std::vector<std::pair<std::string, Modifiers>> marks) override {
    // By the loops, so that a reload that goes on there takes it over.
    post_to_all([marks = share(std::move(marks))](Runner& runner) { runner.mark(*marks); });
  }

  std::shared_ptr<const Board> board() const override {
    const std::scoped_lock lock(mutex_);
    return layout_->board;
  }

  TimePoint last_progress() const override {
    TimePoint oldest = TimePoint::max();
    for (const auto& loop : loops_) {
      oldest = std::min(oldest, loop->runner().last_progress());
    }
    return oldest;
  }

  std::uint32_t in_flight() const override {
    std::uint32_t sum = 0;
    for (const auto& loop : loops_) {
      sum += loop->runner().in_flight();
    }
    return sum;
  }

 private:
  template <typename Value>
  static std::shared_ptr<const Value> share(Value value) {
    return std::make_shared<const Value>(std::move(value));
  }

  /// Each loop picks out what is its own: who owns what may be changing.
  template <typename Function>
  void post_to_all(const Function& function) {
    for (const auto& loop : loops_) {
      loop->post(function);
    }
  }

  void end_loops() {
    if (std::exchange(ended_, true)) {
      return;
    }
    for (const auto& loop : loops_) {
      loop->begin_stop();
    }
    const TimePoint until = std::chrono::steady_clock::now() + kStopWithin;
    for (auto& loop : loops_) {
      if (!loop->join(until)) {
        log::error("a probe did not stop within a second; its loop was ended by force");
        [[maybe_unused]] const Loop* left = loop.release();  // see Loop::join()
      }
    }
    std::erase(loops_, nullptr);
  }

  const Remember remember_;
  std::vector<std::unique_ptr<Loop>> loops_;
  bool ended_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<Layout> layout_;  ///< written by apply() under the mutex
};

}  // namespace

std::string_view to_string(Skip skip) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"overlap", "descriptors", "suspended"};
  return kWords[static_cast<std::size_t>(skip)];
}

std::unique_ptr<Engine> make_engine(const EngineOptions& options, net::Resolver& resolver,
                                    net::TrustStore& trust, const Clock& clock,
                                    Observer& observer) {
  return std::make_unique<LoopsEngine>(options, resolver, trust, clock, observer);
}

}  // namespace reachd::engine
