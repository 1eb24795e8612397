#include "probes/net/overhear.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <utility>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/network.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

/// Long enough for a greeting within a site, short enough to add to each probe.
constexpr Duration kPatience = 300ms;

/// The stream itself is watched by the run's deadline already.
class HangUp final : public Abortable {
 public:
  explicit HangUp(Stream& stream) noexcept : stream_(stream) {}
  void abort() noexcept override { stream_.abort(); }

 private:
  Stream& stream_;
};

/// The first bytes, or none. The last thing that is done with the stream, which silence closes.
asio::awaitable<Result<std::vector<std::byte>>> first_words(ProbeRun& run, Stream& stream) {
  run.progress.enter(Phase::request);
  const TimePoint now = run.progress.clock().steady_now();
  Deadline patience(run.network.deadlines,
                    now + std::min<Duration>(kPatience, (run.deadline.expiry() - now) / 2));
  HangUp hang_up(stream);
  const Watch watch = patience.watch(hang_up);
  std::array<std::byte, 256> buffer;
  const IoResult got = co_await stream.read_some(buffer);
  if (!got.ec) {
    const auto heard = std::span(buffer).first(got.count);
    co_return std::vector<std::byte>(heard.begin(), heard.end());
  }
  const bool silent = patience.ended() == Deadline::Ended::expired &&
                      run.deadline.ended() != Deadline::Ended::stopped;
  if (silent) {
    co_return std::vector<std::byte>();
  }
  co_return std::unexpected(stream_failure(got.ec, Phase::request, run.deadline));
}

}  // namespace

asio::awaitable<Outcome> overhear(ProbeRun run, const SecureDialOptions& options,
                                  JudgeWords judge) {
  auto dialed = co_await dial(run, options.dial, run.target.host, run.target.port, run.endpoint);
  if (!dialed) {
    co_return failed(run, std::move(dialed.error()));
  }
  if (dialed->tls) {
    // Its clean end keeps an error out of the server's log.
    co_await dialed->stream->finish();
    co_return judged(run, options.tls.get(), std::move(dialed->tls));
  }
  auto heard = co_await first_words(run, *dialed->stream);
  co_return heard ? judge(run, *heard) : failed(run, std::move(heard.error()));
}

}  // namespace reachd::net
