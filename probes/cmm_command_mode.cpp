#include "probes/cmm_command_mode.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/mismatch.hpp"
#include "probes/net/overhear.hpp"

namespace reachd {
namespace {

/// The greetings of services that are known: SSH, HTTP, VNC, POP3, IMAP, the replies of FTP and
/// SMTP, and all that is not ASCII text: it is a command line that is expected there.
bool is_foreign(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool reply = text.size() >= 4 && std::all_of(text.begin(), text.begin() + 3, is_digit) &&
                     (text[3] == ' ' || text[3] == '-');
  const bool binary =
      std::ranges::any_of(text, [](char c) { return c == '\0' || (c & 0x80) != 0; });
  return reply || binary || text.starts_with("SSH-") || text.starts_with("HTTP/") ||
         text.starts_with("RFB ") || text.starts_with("+OK") || text.starts_with("* ");
}

class CommandModeProbe final : public Probe {
 public:
  explicit CommandModeProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    if (dialed->tls) {
      // The handshake is the better proof, and its clean end is one to be had without waiting.
      co_await dialed->stream->finish();
      co_return net::judged(run, options_.tls.get(), std::move(dialed->tls));
    }
    auto heard = co_await net::overhear(run, *dialed->stream);
    if (heard && is_foreign(as_text(*heard))) {
      heard = std::unexpected(net::not_spoken("TCP command mode", "", *heard));
    }
    if (!heard) {
      co_return failed(run, std::move(heard.error()));
    }
    Outcome outcome = succeeded(run);
    if (heard->empty()) {
      outcome.message = "it takes the connection and waits";
      co_return outcome;
    }
    outcome.message = "it greets with " + printable(as_text(*heard));
    ServiceFacts facts;
    facts.details.emplace_back("greeting", printable(as_text(*heard), heard->size()));
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    co_return outcome;
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  return std::make_shared<CommandModeProbe>(
      net::read_secure_dial(params, target, net::Security::none, /*offers_starttls=*/false,
                            net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType cmm_command_mode_probe_type() {
  return {.name = "cmm_command_mode",
          .summary = "a chassis takes connections for its TCP command mode",
          .transport = Transport::tcp,
          .default_port = 6090,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
