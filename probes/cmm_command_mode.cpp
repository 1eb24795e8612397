#include "probes/cmm_command_mode.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"
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

Outcome judge(const ProbeRun& run, std::span<const std::byte> heard) {
  const std::string_view text = as_text(heard);
  if (is_foreign(text)) {
    return failed(run, net::not_spoken("TCP command mode", "", heard));
  }
  Outcome outcome = succeeded(run);
  if (heard.empty()) {
    outcome.message = "it takes the connection and waits";
    return outcome;
  }
  outcome.message = "it greets with " + printable(text);
  ServiceFacts facts;
  facts.add("greeting", printable(text, text.size()));
  outcome.facts = std::make_shared<const Facts>(std::move(facts));
  return outcome;
}

class CommandModeProbe final : public Probe {
 public:
  explicit CommandModeProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    return net::overhear(run, options_, &judge);
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
