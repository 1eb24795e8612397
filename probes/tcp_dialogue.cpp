#include "probes/tcp_dialogue.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/errors.hpp"

namespace reachd {
namespace tcp {
namespace {

constexpr std::size_t kMostSteps = 64;
constexpr std::size_t kLongestLine = 4096;
constexpr std::size_t kShown = 64;

}  // namespace

void Ear::begin_step() {
  heard_ = 0;
  beginning_.clear();
  note(text_);
}

void Ear::add(std::span<const std::byte> bytes) {
  note(as_text(bytes));
  text_ += as_text(bytes);
  if (in_line_) {
    skip_rest_of_line();
  }
}

std::optional<std::string> Ear::take(const SendExpect& wanted) {
  return wanted.expect ? take_line(*wanted.expect) : take_bytes(wanted.expect_bytes);
}

std::optional<std::string> Ear::take_line(const Pattern& pattern) {
  std::string_view rest = text_;
  std::optional<std::string> found;
  while (!found && !rest.empty()) {
    const std::size_t end = rest.find('\n');
    const bool whole = end != std::string_view::npos;
    std::string_view line = rest.substr(0, std::min(end, kLongestLine));
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    if (pattern.found_in(line)) {
      found = plain_line(line);
      in_line_ = !whole;
    }
    if (!found && !whole) {
      break;
    }
    rest = whole ? rest.substr(end + 1) : std::string_view();
  }
  text_.erase(0, text_.size() - rest.size());
  return found;
}

std::optional<std::string> Ear::take_bytes(std::span<const std::byte> wanted) {
  const std::size_t at = text_.find(as_text(wanted));
  if (at == std::string::npos) {
    // Only its end may become part of a match.
    const std::size_t kept = std::min(text_.size(), wanted.size() - 1);
    text_.erase(0, text_.size() - kept);
    return std::nullopt;
  }
  text_.erase(0, at + wanted.size());
  return printable(as_text(wanted));
}

void Ear::skip_rest_of_line() {
  const std::size_t end = text_.find('\n');
  in_line_ = end == std::string::npos;
  text_.erase(0, in_line_ ? text_.size() : end + 1);
}

void Ear::note(std::string_view text) {
  heard_ += text.size();
  beginning_ += text.substr(0, kShown - std::min(kShown, beginning_.size()));
}

std::vector<Step> read_steps(Reader& params) {
  std::vector<Step> steps;
  Step own;
  own.exchange = read_send_expect(params);
  if (!own.exchange.send.empty() || own.exchange.expects()) {
    steps.push_back(std::move(own));
  }
  if (!params.has("steps")) {
    return steps;
  }
  if (!steps.empty()) {
    params.error("steps", "what is sent and expected stands in steps or beside them, not both");
  }
  const auto items = params.list("steps");
  if (items.size() > kMostSteps) {
    params.error("steps", "at most " + std::to_string(kMostSteps) + " steps");
    return steps;
  }
  bool secured = false;
  for (const Value& item : items) {
    Reader reader(item, params.diagnostics(), params.what() + ", steps");
    Step step;
    step.exchange = read_send_expect(reader);
    step.starttls = reader.boolean("starttls", false);
    const bool speaks = !step.exchange.send.empty() || step.exchange.expects();
    if (step.starttls == speaks) {
      params.diagnostics().error(
          item.place, reader.what() + ": a step sends, expects or both, or is starttls: true");
    }
    if (step.starttls && secured) {
      params.diagnostics().error(item.place, reader.what() + ": TLS starts once");
    }
    secured = secured || step.starttls;
    reader.done();
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace tcp

namespace {

using net::Result;
using tcp::Ear;
using tcp::Step;

/// What may come for one step before it is given up.
constexpr std::size_t kMost = std::size_t{64} * 1024;

std::string wanted_text(const SendExpect& exchange) {
  return exchange.expect ? "\"" + exchange.expect->text() + "\""
                         : "the bytes " + printable(as_text(exchange.expect_bytes));
}

class DialogueProbe final : public Probe {
 public:
  DialogueProbe(net::SecureDialOptions options, std::vector<Step> steps)
      : options_(std::move(options)), steps_(std::move(steps)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    std::string answer;
    Result<void> played;
    Ear ear;
    for (std::size_t i = 0; played && i < steps_.size(); ++i) {
      played = co_await take(run, *dialed, steps_[i], ear, answer);
      if (!played && steps_.size() > 1) {
        played.error().message.insert(0, "step " + std::to_string(i + 1) + ": ");
      }
    }
    if (!played) {
      Outcome outcome = failed(run, std::move(played.error()));
      outcome.tls = std::move(dialed->tls);
      co_return outcome;
    }
    co_await dialed->stream->finish();
    co_return content(run, std::move(dialed->tls), std::move(answer));
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  asio::awaitable<Result<void>> take(ProbeRun& run, net::Dialed& dialed, const Step& step, Ear& ear,
                                     std::string& answer) const {
    ear.begin_step();
    if (step.starttls) {
      Result<void> secured = co_await secure(run, dialed, ear);
      co_return secured;
    }
    run.progress.enter(Phase::request);
    if (!step.exchange.send.empty()) {
      ear.said();
      const net::IoResult written = co_await dialed.stream->write(step.exchange.send);
      if (written.ec) {
        co_return std::unexpected(net::stream_failure(written.ec, Phase::request, run.deadline));
      }
    }
    if (step.exchange.expects()) {
      Result<void> met = co_await wait_for(run, *dialed.stream, step.exchange, ear, answer);
      co_return met;
    }
    co_return Result<void>{};
  }

  static asio::awaitable<Result<void>> wait_for(ProbeRun& run, net::Stream& stream,
                                                const SendExpect& wanted, Ear& ear,
                                                std::string& answer) {
    for (;;) {
      if (auto met = ear.take(wanted)) {
        answer = std::move(*met);
        co_return Result<void>{};
      }
      if (ear.heard_in_step() >= kMost) {
        co_return std::unexpected(unmet(wanted, ear, "64 KiB came without it"));
      }
      Result<void> more = co_await read(run, stream, ear);
      if (!more) {
        const bool said_something_else =
            ear.heard_in_step() > 0 && usual_phase(more.error().reason) == Phase::request;
        co_return std::unexpected(said_something_else ? unmet(wanted, ear, more.error().message)
                                                      : std::move(more.error()));
      }
    }
  }

  static asio::awaitable<Result<void>> read(ProbeRun& run, net::Stream& stream, Ear& ear) {
    std::array<std::byte, 4096> buffer;
    const net::IoResult got = co_await stream.read_some(buffer);
    if (got.ec) {
      co_return std::unexpected(net::stream_failure(got.ec, Phase::request, run.deadline));
    }
    ear.add(std::span(buffer).first(got.count));
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> secure(ProbeRun& run, net::Dialed& dialed, Ear& ear) const {
    // The end of the line that granted TLS still belongs to the clear text.
    while (ear.in_line() && ear.heard_in_step() < kMost) {
      Result<void> more = co_await read(run, *dialed.stream, ear);
      if (!more) {
        co_return std::unexpected(std::move(more.error()));
      }
    }
    run.progress.enter(Phase::tls);
    if (!ear.empty() || ear.in_line()) {
      Failure failure;
      failure.reason = Reason::tls_handshake;
      failure.message =
          "something in clear came before the TLS handshake: " + printable(ear.beginning());
      co_return std::unexpected(std::move(failure));
    }
    auto secured = co_await net::upgrade(run, std::move(dialed.stream), *options_.tls,
                                         run.target.host, options_.dial);
    if (!secured) {
      co_return std::unexpected(std::move(secured.error()));
    }
    dialed = std::move(*secured);
    run.progress.enter(Phase::request);
    co_return Result<void>{};
  }

  static Failure unmet(const SendExpect& wanted, const Ear& ear, std::string_view end) {
    Failure failure;
    failure.reason = Reason::content_mismatch;
    failure.message = "the answer does not hold " + wanted_text(wanted) + ": it starts with " +
                      printable(ear.beginning()) + " (" + std::string(end) + ")";
    return failure;
  }

  Outcome content(const ProbeRun& run, std::shared_ptr<const TlsFacts> tls,
                  std::string answer) const {
    Outcome outcome = net::judged(run, options_.tls.get(), std::move(tls));
    if (answer.empty()) {
      return outcome;
    }
    if (outcome.success()) {
      outcome.message = "it answers as expected: " + answer;
    }
    ServiceFacts facts;
    facts.details.emplace_back("answer", std::move(answer));
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  net::SecureDialOptions options_;
  std::vector<Step> steps_;
};

}  // namespace

std::shared_ptr<const Probe> make_tcp_dialogue(net::SecureDialOptions options,
                                               std::vector<Step> steps) {
  return std::make_shared<DialogueProbe>(std::move(options), std::move(steps));
}

}  // namespace reachd
