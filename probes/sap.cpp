#include "probes/sap.hpp"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace sap {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kPrefix = 4;
constexpr std::string_view kPing = "NI_PING\0"sv;
constexpr std::string_view kPong = "NI_PONG\0"sv;
constexpr std::string_view kError = "NI_RTERR\0"sv;
constexpr std::size_t kLongestText = 128;
/// An error is a page of text at most.
constexpr std::size_t kMost = 8192;

/// The texts of an error, one after the other with zeros between: component, code, sentence, ...
std::string error_text(ByteReader& reader) {
  reader.take(4);  // version, operation, two unused
  reader.take(4);  // the code, which the text names too
  const std::size_t length = reader.u32();
  std::string text(reader.text(std::min(length, reader.left())));
  std::ranges::replace(text, '\0', ' ');
  return plain_line(text, kLongestText);
}

}  // namespace

net::Framing frame(std::span<const std::byte> received) {
  ByteReader reader(received);
  if (reader.u8() != 0) {
    return std::unexpected("no length of a short message");
  }
  if (received.size() < kPrefix) {
    return std::nullopt;
  }
  reader.seek(0);
  const std::size_t length = reader.u32();
  if (length < kPong.size() || length > kMost) {
    return std::unexpected("a message of " + std::to_string(length) + " bytes");
  }
  const std::string_view payload = as_text(received).substr(kPrefix, length);
  if (!kPong.starts_with(payload.substr(0, kPong.size())) &&
      !kError.starts_with(payload.substr(0, kError.size()))) {
    return std::unexpected("no message of the network interface");
  }
  const std::size_t whole = kPrefix + length;
  return received.size() < whole ? net::Framing(std::nullopt) : net::Framing(whole);
}

std::vector<std::byte> build_ping() {
  ByteWriter out(kPrefix + kPing.size());
  out.u32(static_cast<std::uint32_t>(kPing.size()));
  out.text(kPing);
  return out.data();
}

std::optional<Answer> parse(std::span<const std::byte> message) {
  ByteReader reader(message);
  reader.take(kPrefix);
  const std::string_view payload = as_text(message).substr(std::min(message.size(), kPrefix));
  if (payload == kPong) {
    return Answer{true, {}};
  }
  if (!payload.starts_with(kError)) {
    return std::nullopt;
  }
  reader.take(kError.size());
  return Answer{false, error_text(reader)};
}

}  // namespace sap

namespace {

class SapProbe final : public Probe {
 public:
  explicit SapProbe(net::DialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed = co_await net::dial(run, options_, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "SAP NI");
    const std::vector<std::byte> ping = sap::build_ping();
    auto bytes = co_await talk.ask(ping, &sap::frame);
    if (!bytes) {
      co_return failed(run, std::move(bytes.error()));
    }
    const auto answer = sap::parse(*bytes);
    if (!answer) {
      co_return failed(run, talk.mismatch("no answer to a ping", *bytes));
    }
    Outcome outcome = succeeded(run);
    outcome.degraded = !answer->pong;
    outcome.message = answer->pong
                          ? "SAP's network interface answers the ping"
                          : "SAP's network interface answers with an error: " + answer->error;
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.proxy == nullptr; }

 private:
  net::DialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<SapProbe>(net::read_dial(params, target));
}

}  // namespace

ProbeType sap_probe_type() {
  return {.name = "sap",
          .summary = "an SAP server answers a ping of its network interface",
          .transport = Transport::tcp,
          .default_port = 3300,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
