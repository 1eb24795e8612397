#include "probes/ntp.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "probes/core/bytes.hpp"
#include "probes/core/decimal.hpp"
#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace ntp {
namespace {

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
/// From 1900 to 1970.
constexpr std::uint64_t kUnixEpoch = 2'208'988'800;
constexpr std::uint8_t kVersion4Client = 4U << 3U | 3U;
constexpr unsigned kServerMode = 4;

/// 16 bits of seconds and 16 bits of their fraction (RFC 5905, 6).
Duration short_format(std::uint32_t value) noexcept {
  return Duration(static_cast<Duration::rep>(value * kNanosPerSecond >> 16U));
}

std::string words_of_reference(std::span<const std::byte> id) {
  std::string words;
  for (const std::byte byte : id) {
    const auto c = std::to_integer<unsigned char>(byte);
    if (c == 0) {
      break;
    }
    words += c > 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  }
  return words;
}

std::string numbers_of_reference(std::span<const std::byte> id) {
  std::string numbers;
  for (const std::byte byte : id) {
    numbers += (numbers.empty() ? "" : ".") + std::to_string(std::to_integer<unsigned>(byte));
  }
  return numbers;
}

}  // namespace

std::array<std::byte, kPacket> build_request(Timestamp cookie) noexcept {
  std::array<std::byte, kPacket> packet{};
  packet[0] = std::byte{kVersion4Client};
  for (std::size_t index = 0; index < 8; ++index) {
    packet[kPacket - 1 - index] = static_cast<std::byte>(cookie >> (8 * index));
  }
  return packet;
}

std::optional<Reply> parse_reply(std::span<const std::byte> datagram) {
  ByteReader reader(datagram);
  Reply reply;
  const unsigned first = reader.u8();
  reply.leap = first >> 6U;
  reply.version = first >> 3U & 7U;
  reply.stratum = reader.u8();
  reader.u16();  // poll and precision
  reply.root_delay = short_format(reader.u32());
  reply.root_dispersion = short_format(reader.u32());
  const auto reference = reader.take(4);
  reply.reference_id =
      reply.stratum < 2 ? words_of_reference(reference) : numbers_of_reference(reference);
  reader.u64();  // when its clock was set last
  reply.origin = reader.u64();
  reply.received = reader.u64();
  reply.transmitted = reader.u64();
  const bool is_server = (first & 7U) == kServerMode && reply.version >= 1 && reply.version <= 4;
  if (!reader.ok() || !is_server || reply.stratum > kUnsynchronised) {
    return std::nullopt;
  }
  return reply;
}

Timestamp timestamp_of(WallTime time) noexcept {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const auto rest = static_cast<std::uint64_t>((since - seconds).count());
  return (static_cast<std::uint64_t>(seconds.count()) + kUnixEpoch) << 32U |
         (rest << 32U) / kNanosPerSecond;
}

Duration difference(Timestamp later, Timestamp earlier) noexcept {
  const std::uint64_t distance = later - earlier;
  // The upper half is what lies behind: RFC 5905 takes the difference as a signed number.
  const auto seconds = static_cast<std::int32_t>(static_cast<std::uint32_t>(distance >> 32U));
  const std::uint64_t fraction = (distance & 0xffffffffU) * kNanosPerSecond >> 32U;
  return std::chrono::seconds(seconds) + Duration(static_cast<Duration::rep>(fraction));
}

Duration offset(const Reply& reply, Timestamp sent, Duration elapsed) noexcept {
  // Halves first: two differences of 68 years are more than a Duration holds.
  const Duration there = difference(reply.received, sent);
  const Duration back = difference(reply.transmitted, sent) - elapsed;
  return there / 2 + back / 2;
}

}  // namespace ntp

namespace {

struct Settings {
  std::optional<unsigned> max_stratum;
  std::optional<Duration> max_offset;
  std::optional<IpAddress> source;
};

ntp::Timestamp random_timestamp() {
  std::random_device random;
  return static_cast<ntp::Timestamp>(random()) << 32U | random();
}

/// The requests of one probe. Each has a cookie of its own, as the time on the way can only be told
/// by the request that was answered.
class Requests final : public net::Accepts, public net::Renews {
 public:
  struct Sent {
    ntp::Timestamp cookie;
    ntp::Timestamp by_our_clock;
    TimePoint at;
  };

  explicit Requests(const Clock& clock) : clock_(clock) {}

  std::span<const std::byte> operator()() override {
    const Sent& now = sent_.emplace_back(random_timestamp(), ntp::timestamp_of(clock_.wall_now()),
                                         clock_.steady_now());
    packet_ = ntp::build_request(now.cookie);
    return packet_;
  }

  bool operator()(std::span<const std::byte> datagram) const override {
    const auto reply = ntp::parse_reply(datagram);
    return reply && answered_by(*reply) != nullptr;
  }

  /// Null: none of ours.
  const Sent* answered_by(const ntp::Reply& reply) const {
    const auto found = std::ranges::find(sent_, reply.origin, &Sent::cookie);
    return found == sent_.end() ? nullptr : &*found;
  }

 private:
  const Clock& clock_;
  std::vector<Sent> sent_;
  std::array<std::byte, ntp::kPacket> packet_{};
};

std::string seconds(Duration duration) {
  std::string text;
  append_seconds(text, duration, 6);
  return text + " s";
}

std::string_view leap_word(unsigned leap) noexcept {
  static constexpr std::array<std::string_view, 4> kWords{"none", "insert", "delete",
                                                          "unsynchronised"};
  return kWords[leap & 3U];
}

class NtpProbe final : public Probe {
 public:
  explicit NtpProbe(const Settings& settings) : settings_(settings) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    Requests requests(run.progress.clock());
    net::Question question{"NTP", {}, requests, settings_.source};
    question.renews = &requests;
    auto answer = co_await net::ask(run, question);
    const TimePoint arrived = run.progress.clock().steady_now();
    if (!answer) {
      co_return net::datagram_failed(run, std::move(answer.error()), net::Silence::is_failure);
    }
    const ntp::Reply reply = ntp::parse_reply(*answer).value();
    co_return judged(run, reply, *requests.answered_by(reply), arrived);
  }

 private:
  Outcome judged(const ProbeRun& run, const ntp::Reply& reply, const Requests::Sent& request,
                 TimePoint arrived) const {
    const Duration elapsed = arrived - request.at;
    ServiceFacts facts;
    facts.details.emplace_back("version", std::to_string(reply.version));
    facts.details.emplace_back("stratum", std::to_string(reply.stratum));
    facts.details.emplace_back("leap", leap_word(reply.leap));
    facts.details.emplace_back("reference_id", reply.reference_id);
    if (reply.stratum != 0 && reply.transmitted != 0) {
      facts.clock_offset = ntp::offset(reply, request.by_our_clock, elapsed);
      facts.details.emplace_back("root_delay", seconds(reply.root_delay));
      facts.details.emplace_back("root_dispersion", seconds(reply.root_dispersion));
      const Duration held = ntp::difference(reply.transmitted, reply.received);
      facts.details.emplace_back("round_trip", seconds(elapsed - held));
    }
    Outcome outcome = verdict(run, reply, facts.clock_offset);
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Outcome verdict(const ProbeRun& run, const ntp::Reply& reply,
                  std::optional<Duration> offset) const {
    if (reply.stratum == 0) {
      return degraded(run, "a time server answers " + kiss(reply.reference_id));
    }
    const bool unsynchronised = reply.leap == 3 || reply.stratum == ntp::kUnsynchronised || !offset;
    if (settings_.max_stratum && (reply.stratum > *settings_.max_stratum || unsynchronised)) {
      return mismatch(run, unsynchronised
                               ? "the time server is not synchronised"
                               : "the time server has stratum " + std::to_string(reply.stratum) +
                                     ", more than " + std::to_string(*settings_.max_stratum));
    }
    if (settings_.max_offset && (!offset || std::chrono::abs(*offset) > *settings_.max_offset)) {
      return mismatch(run, offset ? "the time server's clock minus ours is " + seconds(*offset) +
                                        ", more than " + seconds(*settings_.max_offset)
                                  : std::string("the time server tells no time"));
    }
    if (unsynchronised) {
      return degraded(run, "the time server is not synchronised, so clients don't follow it");
    }
    Outcome outcome = succeeded(run);
    outcome.message = "stratum " + std::to_string(reply.stratum) + ", its clock minus ours is " +
                      seconds(*offset);
    return outcome;
  }

  /// RFC 5905, 7.4.
  static std::string kiss(const std::string& code) {
    if (code == "RATE") {
      return "that it is asked too often (RATE): a longer interval is called for";
    }
    if (code == "DENY" || code == "RSTR") {
      return "that it does not serve this host (" + code + ")";
    }
    return "with the kiss code " + (code.empty() ? "of zeros" : code) + " instead of the time";
  }

  static Outcome mismatch(const ProbeRun& run, std::string message) {
    Failure failure;
    failure.reason = Reason::content_mismatch;
    failure.message = std::move(message);
    return failed(run, std::move(failure));
  }

  Settings settings_;
};

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  using namespace std::chrono_literals;
  Settings settings;
  if (params.has("max_stratum")) {
    settings.max_stratum = static_cast<unsigned>(params.integer("max_stratum", 15, 1, 15));
  }
  if (params.has("max_offset")) {
    settings.max_offset = params.duration("max_offset", 1s, 1ms, 24h);
  }
  settings.source = net::read_source(params);
  return std::make_shared<NtpProbe>(settings);
}

}  // namespace

ProbeType ntp_probe_type() {
  return {.name = "ntp",
          .summary = "a time server answers, and how far its clock is from ours",
          .transport = Transport::udp,
          .default_port = 123,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
