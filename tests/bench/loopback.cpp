#include "tests/bench/loopback.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "probes/registry.hpp"

namespace reachd::bench {
namespace {

int listen_on(unsigned last_byte, std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x7f000000U + last_byte);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 4096) != 0) {
    throw std::runtime_error("can't listen on loopback");
  }
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

[[noreturn]] void serve(std::vector<pollfd>& listeners) {
  while (true) {
    ::poll(listeners.data(), listeners.size(), -1);
    for (const pollfd& listener : listeners) {
      for (int peer = 0; listener.revents != 0 && peer >= 0;) {
        peer = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC);
        ::close(peer);
      }
    }
  }
}

Duration of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

LoopbackServer::LoopbackServer() {
  std::vector<pollfd> listeners;
  for (unsigned i = 1; i <= kAddresses; ++i) {
    listeners.push_back({.fd = listen_on(i, port_), .events = POLLIN, .revents = 0});
    port_ = port_of(listeners.back().fd);
  }
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listeners);
  }
  for (const pollfd& listener : listeners) {
    ::close(listener.fd);
  }
}

LoopbackServer::~LoopbackServer() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

void LoopbackServer::keep_apart() const {
  cpu_set_t ours;
  CPU_ZERO(&ours);
  ::sched_getaffinity(0, sizeof ours, &ours);
  std::size_t first = 0;
  while (first + 1 < CPU_SETSIZE && !CPU_ISSET(first, &ours)) {
    ++first;
  }
  cpu_set_t its;
  CPU_ZERO(&its);
  CPU_SET(first, &its);
  CPU_CLR(first, &ours);
  if (CPU_COUNT(&ours) > 0) {
    ::sched_setaffinity(child_, sizeof its, &its);
    ::sched_setaffinity(0, sizeof ours, &ours);
  }
}

std::shared_ptr<const config::Plan> tcp_plan(std::uint32_t count, Duration interval,
                                             std::uint16_t port) {
  const ProbeType* type = find_probe_type("tcp");
  config::Timing timing;
  timing.interval = interval;
  timing.per_host = 10'000;
  const auto shared_timing = std::make_shared<const config::Timing>(timing);
  const auto product = std::make_shared<const std::string>("custom");
  auto plan = std::make_shared<config::Plan>();
  plan->probes.reserve(count);
  plan->checks.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    config::ProbeSpec& spec = plan->probes.emplace_back();
    spec.type = type;
    spec.target =
        parse_target(fmt::format("127.0.0.{}:{}", 1 + i % LoopbackServer::kAddresses, port))
            .value();
    Value params = Value::map();
    params.members.push_back({.key = "close", .place = {}, .value = Value::text("reset")});
    Diagnostics diagnostics;
    Reader reader(params, diagnostics, "bench");
    spec.probe = type->make(spec.target, reader);
    spec.timing = shared_timing;
    spec.key = i;
    config::Check& check = plan->checks.emplace_back();
    check.id = fmt::format("custom/bench-check-{}", i);
    check.name = fmt::format("bench-check-{}", i);
    check.product = product;
    check.probe = i;
    check.timing = shared_timing;
  }
  return plan;
}

unsigned argument(std::span<char* const> given, std::size_t index, unsigned fallback) {
  const unsigned long number =
      index < given.size() ? std::strtoul(given[index], nullptr, 10) : fallback;
  return std::max(static_cast<unsigned>(number), 1U);
}

Cpu cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {of(usage.ru_utime), of(usage.ru_stime)};
}

std::string microseconds(Duration duration) {
  return fmt::format("{:.1f} us", std::chrono::duration<double, std::micro>(duration).count());
}

}  // namespace reachd::bench
