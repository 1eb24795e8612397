#include "daemon/engine/launcher.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <exception>
#include <string>
#include <utility>

#include "daemon/engine/addresses.hpp"
#include "daemon/engine/merge.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/resolver.hpp"
#include "probes/net/route.hpp"

namespace reachd::engine {
namespace {

constexpr std::uint32_t kResolve = 0xffffffff;  ///< the "part" of a job that resolves
/// Slots that wait for work; more than a busy second needs at once are given up again.
constexpr std::size_t kParkedSlots = 256;
constexpr unsigned kPartBits = 8;  ///< of a gate token; a flight has at most kMaxAddresses parts
static_assert(kMaxAddresses <= 1U << kPartBits);

std::span<const Endpoint> servers_of(const config::ProbeSpec& spec) noexcept {
  return spec.name_servers ? std::span<const Endpoint>(*spec.name_servers)
                           : std::span<const Endpoint>();
}

Outcome failed_to_resolve(Failure failure) {
  Outcome outcome;
  outcome.reason = failure.reason;
  outcome.phase = Phase::resolve;
  outcome.message =
      failure.message.empty() ? std::string(describe(failure.reason)) : std::move(failure.message);
  Attempt& attempt = outcome.attempts.emplace_back();
  attempt.reason = outcome.reason;
  attempt.phase = outcome.phase;
  attempt.error_number = failure.error_number;
  return outcome;
}

}  // namespace

/// One attempt at one address.
struct Launcher::Part {
  enum class State : std::uint8_t { gate, ready, running, ended };

  State state = State::gate;
  bool gated = false;  ///< counts at the host's gate
  std::optional<Endpoint> endpoint;
  net::Deadline* deadline = nullptr;  ///< while running
  Outcome outcome;
};

struct Launcher::Flight {
  explicit Flight(std::uint32_t number) : index(number) {}

  const std::uint32_t index;
  Order order;
  bool in_use = false;
  bool cancelled = false;
  std::uint32_t open = 0;  ///< jobs that have not ended
  TimePoint started{};
  WallTime time{};  ///< the same on the wall
  std::optional<Duration> resolving_took;
  net::Deadline* resolving = nullptr;  ///< while it does
  std::vector<Part> parts;             ///< never resized while one is open

  void renew_parts(std::size_t count) {
    parts.resize(count);
    for (Part& part : parts) {
      part.state = Part::State::gate;  // its outcome is overwritten when it ends
    }
  }
  /// That of the whole flight, in the place of the first part's.
  Outcome& merge() {
    Outcome& outcome = parts.front().outcome;
    if (parts.size() > 1) {
      std::vector<Outcome> outcomes;
      outcomes.reserve(parts.size());
      for (Part& part : parts) {
        outcomes.push_back(std::move(part.outcome));
      }
      outcome = merge_outcomes(outcomes);
    }
    outcome.time = time;
    if (resolving_took) {
      outcome.timings[Phase::resolve] = resolving_took;
      outcome.timings.total += *resolving_took;
    }
    return outcome;
  }
};

Launcher::Launcher(net::Network& network, std::uint32_t concurrency, Done done)
    : network_(network),
      concurrency_(std::max(concurrency, 1U)),
      done_(std::move(done)),
      gate_timer_(network.executor) {}

Launcher::~Launcher() = default;

Launcher::Flight& Launcher::new_flight(Order order, TimePoint now) {
  if (free_.empty()) {
    flights_.push_back(std::make_unique<Flight>(static_cast<std::uint32_t>(flights_.size())));
    free_.push_back(flights_.back().get());
  }
  Flight& flight = *free_.back();
  free_.pop_back();
  flight.order = std::move(order);
  flight.in_use = true;
  flight.cancelled = false;
  flight.started = now;
  flight.time = network_.clock.wall_now();
  flight.resolving_took.reset();
  return flight;
}

Launcher::Flight* Launcher::start(Order order, TimePoint now) {
  Flight& flight = new_flight(std::move(order), now);
  const Target& target = flight.order.spec->target;
  if (!flight.order.probe->wants_address()) {
    flight.renew_parts(1);
    flight.parts.front().endpoint.reset();
    set_out(flight, now);
  } else if (target.literal) {
    flight.renew_parts(1);
    flight.parts.front().endpoint = Endpoint{*target.literal, target.port};
    set_out(flight, now);
  } else {
    flight.open = 1;
    resolves_.push_back({&flight, kResolve});
  }
  return &flight;
}

void Launcher::set_out(Flight& flight, std::vector<IpAddress> found) {
  const auto chosen =
      choose_addresses(std::move(found), flight.order.spec->timing->addresses, &net::has_route);
  flight.renew_parts(chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    flight.parts[i].endpoint = Endpoint{chosen[i], flight.order.spec->target.port};
  }
  set_out(flight, network_.clock.steady_now());
}

void Launcher::set_out(Flight& flight, TimePoint now) {
  const config::Timing& timing = *flight.order.spec->timing;
  flight.open = static_cast<std::uint32_t>(flight.parts.size());
  for (std::uint32_t i = 0; i < flight.parts.size(); ++i) {
    Part& part = flight.parts[i];
    part.gated = part.endpoint.has_value();
    const HostGate::Token token = (HostGate::Token{flight.index} << kPartBits) | i;
    if (part.gated &&
        !gate_.enter(part.endpoint->address, {timing.per_host, timing.per_host_gap}, token, now)) {
      continue;
    }
    part.state = Part::State::ready;
    ready_.push_back({&flight, i});
  }
  arm_gate_timer(now);
}

std::size_t Launcher::startable() const noexcept {
  const std::size_t room = active_ < concurrency_ ? concurrency_ - active_ : 0;
  return resolves_.size() + std::min(ready_.size(), room);
}

void Launcher::go() {
  if (going_) {
    return;  // called by done(); the loop below is at work
  }
  going_ = true;
  while (startable() > starting_) {
    if (!parked_.empty()) {
      auto resume = std::move(parked_.back());
      parked_.pop_back();
      std::move(resume)();
    } else {
      ++slots_;
      ++starting_;
      asio::co_spawn(network_.executor, slot(), [this](const std::exception_ptr& error) {
        --slots_;
        if (error) {
          std::rethrow_exception(error);  // a bug: let the process end with a trace
        }
      });
    }
  }
  going_ = false;
}

void Launcher::cancel(Flight* flight) {
  const TimePoint now = network_.clock.steady_now();
  flight->cancelled = true;
  if (flight->resolving != nullptr) {
    flight->resolving->stop();
  }
  // What has to be told is found first: the last part that ends gives the flight back.
  std::uint32_t given_up = 0;
  for (std::uint32_t i = 0; i < flight->parts.size(); ++i) {
    Part& part = flight->parts[i];
    if (part.state == Part::State::running && part.deadline != nullptr) {
      part.deadline->stop();
    } else if (part.state == Part::State::gate &&
               gate_.abandon(part.endpoint->address,
                             (HostGate::Token{flight->index} << kPartBits) | i, now)) {
      part.state = Part::State::ended;
      ++given_up;
    }
  }
  for (; given_up > 0; --given_up) {
    part_ended(*flight, now);
  }
  drain_gate(now);
}

void Launcher::set_token(Flight* flight, std::uint32_t token) noexcept {
  flight->order.token = token;
}

void Launcher::stop() {
  stopping_ = true;
  gate_timer_.cancel();
  for (const auto& flight : flights_) {
    if (flight->in_use && !flight->cancelled) {
      cancel(flight.get());
    }
  }
  next_job();  // all that waited are cancelled: it finds none and clears them away
  while (!parked_.empty()) {
    auto resume = std::move(parked_.back());
    parked_.pop_back();
    std::move(resume)();
  }
}

std::optional<Launcher::Job> Launcher::next_job() {
  while (!resolves_.empty()) {
    const Job job = resolves_.front();
    resolves_.pop_front();
    if (!job.flight->cancelled) {
      return job;
    }
    part_ended(*job.flight, network_.clock.steady_now());
  }
  while (!ready_.empty() && active_ < concurrency_) {
    const Job job = ready_.front();
    ready_.pop_front();
    if (!job.flight->cancelled) {
      return job;
    }
    const TimePoint now = network_.clock.steady_now();
    leave_gate(job.flight->parts[job.part], now);
    part_ended(*job.flight, now);
  }
  return std::nullopt;
}

asio::awaitable<void> Launcher::slot() {
  --starting_;
  while (true) {
    if (startable() > 1) {
      go();  // what came up meanwhile is more than this slot can take
    }
    const std::optional<Job> job = next_job();
    if (!job) {
      if (stopping_ || parked_.size() >= kParkedSlots) {
        co_return;
      }
      const auto park = [this](auto handler) { parked_.emplace_back(std::move(handler)); };
      co_await asio::async_initiate<const asio::deferred_t, void()>(park, asio::deferred);
      continue;
    }
    Flight& flight = *job->flight;
    if (job->part == kResolve) {
      co_await resolve(flight);
      continue;
    }
    // An attempt. It could be a coroutine of its own; it is not, to save making one each time.
    Part& part = flight.parts[job->part];
    const config::ProbeSpec& spec = *flight.order.spec;
    const TimePoint began = network_.clock.steady_now();
    ++active_;
    {
      Progress progress(network_.clock);
      const Duration spent = flight.resolving_took.value_or(Duration::zero());
      net::Deadline deadline(network_.deadlines, began + spec.timing->timeout - spent);
      part.deadline = &deadline;
      part.state = Part::State::running;
      const ProbeRun run{.target = spec.target,
                         .endpoint = part.endpoint,
                         .name_servers = servers_of(spec),
                         .network = network_,
                         .deadline = deadline,
                         .progress = progress,
                         .log = flight.order.log};
      try {
        part.outcome = co_await flight.order.probe->run(run);
      } catch (const std::exception& error) {
        part.outcome = failed(run, {.reason = Reason::local_error,
                                    .message = std::string("a bug: ") + error.what(),
                                    .offender = {}});
        bug_warning_.write(network_.clock.steady_now(), "a probe threw an exception",
                           {{"probe", spec.type->name}, {"what", error.what()}});
      }
      part.outcome.timings = progress.finish();
      part.deadline = nullptr;
    }
    --active_;
    attempt_ended(flight, part, began);
  }
}

asio::awaitable<void> Launcher::resolve(Flight& flight) {
  const config::ProbeSpec& spec = *flight.order.spec;
  const TimePoint began = network_.clock.steady_now();
  net::Deadline deadline(network_.deadlines, began + spec.timing->timeout);
  flight.resolving = &deadline;
  auto found = co_await network_.resolver.resolve(spec.target.host, servers_of(spec), deadline);
  flight.resolving = nullptr;
  const TimePoint now = network_.clock.steady_now();
  flight.resolving_took = now - began;
  if (flight.order.log != nullptr) {
    flight.order.log->line(found ? "resolved " + spec.target.host + " to " +
                                       std::to_string(found->size()) + " addresses"
                                 : "resolving " + spec.target.host + ": " + found.error().message);
  }
  if (flight.cancelled) {
    part_ended(flight, now);
  } else if (!found || found->empty()) {
    flight.renew_parts(1);
    flight.parts.front().state = Part::State::ended;
    flight.parts.front().outcome = failed_to_resolve(
        found ? Failure{.reason = Reason::dns_no_data, .message = {}, .offender = {}}
              : std::move(found.error()));
    part_ended(flight, now);
  } else {
    set_out(flight, std::move(*found));
  }
}

void Launcher::attempt_ended(Flight& flight, Part& part, TimePoint began) {
  const Duration took = part.outcome.timings.total;
  part.state = Part::State::ended;
  for (Attempt& made : part.outcome.attempts) {
    made.time = flight.time + (began - flight.started);
    made.duration = took;
  }
  leave_gate(part, began + took);
  part_ended(flight, began + took);
}

void Launcher::leave_gate(Part& part, TimePoint now) {
  if (part.gated) {
    gate_.leave(part.endpoint->address, now);
    drain_gate(now);
  }
}

void Launcher::drain_gate(TimePoint now) {
  while (const auto token = gate_.pop_ready(now)) {
    Flight& flight = *flights_[*token >> kPartBits];
    const auto index = static_cast<std::uint32_t>(*token & ((1U << kPartBits) - 1));
    flight.parts[index].state = Part::State::ready;
    ready_.push_back({&flight, index});
  }
  arm_gate_timer(now);
}

void Launcher::arm_gate_timer(TimePoint now) {
  const TimePoint next = gate_.next_ready();
  if (next >= gate_armed_ || stopping_) {
    return;
  }
  gate_armed_ = std::max(next, now);
  gate_timer_.expires_at(gate_armed_);
  gate_timer_.async_wait([this](const boost::system::error_code& ec) {
    if (ec) {
      return;  // armed for an earlier time, or stopping
    }
    gate_armed_ = TimePoint::max();
    drain_gate(network_.clock.steady_now());
    go();
  });
}

void Launcher::part_ended(Flight& flight, TimePoint now) {
  if (--flight.open == 0) {
    land(flight, now);
  }
}

void Launcher::land(Flight& flight, TimePoint now) {
  const std::uint32_t token = flight.order.token;
  flight.order = {};
  flight.in_use = false;
  if (!flight.cancelled) {
    done_(token, flight.merge(), now);
  }
  free_.push_back(&flight);  // not before: the outcome is lent from it
}

}  // namespace reachd::engine
