#include "daemon/engine/loops.hpp"

#include <algorithm>

#include "probes/net/network.hpp"

namespace reachd::engine {

Loop::Loop(std::uint8_t number, std::uint32_t concurrency, net::Resolver& resolver,
           net::TrustStore& trust, const Clock& clock, Observer& observer, MakeTracer tracer)
    : context_(1),
      work_(context_.get_executor()),
      deadlines_(context_.get_executor()),
      runner_(net::Network{.executor = context_.get_executor(),
                           .deadlines = deadlines_,
                           .resolver = resolver,
                           .trust = trust,
                           .clock = clock},
              number, concurrency, observer, std::move(tracer)),
      thread_([this] {
        context_.run();
        ended_.set_value();
      }) {}

Loop::~Loop() = default;

void Loop::begin_stop() {
  boost::asio::post(context_, [this] {
    runner_.stop();
    work_.reset();
  });
}

bool Loop::join(TimePoint until) {
  const bool ended = ended_.get_future().wait_until(until) == std::future_status::ready;
  if (!ended) {
    context_.stop();
  }
  thread_.join();
  return ended;
}

std::uint32_t concurrency_for(std::uint32_t descriptor_limit) noexcept {
  constexpr std::uint32_t kMost = 16'384;
  const std::uint32_t reserve = std::clamp(descriptor_limit / 4, 40U, 1024U);
  return std::clamp(descriptor_limit > reserve ? descriptor_limit - reserve : 1U, 1U, kMost);
}

}  // namespace reachd::engine
