#include "probes/ldap.hpp"

#include <memory>
#include <utility>

#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"
#include "probes/net/mismatch.hpp"

namespace reachd {
namespace {

using net::Result;

constexpr std::int64_t kStartTlsId = 1;
constexpr std::int64_t kSearchId = 2;
constexpr std::int64_t kUnbindId = 3;
/// One entry and its end, and a few references that nobody should send.
constexpr int kMostMessages = 8;
/// busy and unavailable (RFC 4511, A.2)
constexpr std::int64_t kBusy = 51;
constexpr std::int64_t kUnavailable = 52;

/// What the search brought.
struct Answer {
  std::optional<ldap::RootEntry> entry;
  ldap::Result result;
};

Facts facts_of(const ldap::RootEntry& entry) {
  ServiceFacts facts;
  facts.add("vendor", entry.vendor.empty() && entry.active_directory ? "Microsoft Active Directory"
                                                                     : entry.vendor);
  facts.add("vendor_version", entry.vendor_version);
  facts.add("host_name", entry.dns_host_name);
  facts.add("ldap_versions", join(entry.versions, "; "));
  facts.add("default_naming_context", entry.default_naming_context);
  facts.add("naming_contexts", join(entry.naming_contexts, "; "));
  facts.add("starttls", entry.starttls ? "offered" : "not offered");
  return facts;
}

std::string words(const ldap::Result& result) {
  return ldap::code_name(result.code) + (result.diagnostic.empty() ? "" : ": " + result.diagnostic);
}

class LdapProbe final : public Probe {
 public:
  explicit LdapProbe(net::SecureDialOptions options) : options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (dialed && options_.security == net::Security::starttls) {
      run.progress.enter(Phase::request);
      dialed = co_await start_tls(run, std::move(*dialed));
    }
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    net::Conversation talk(*dialed->stream, run.deadline, "LDAP");
    const auto answer = co_await search(talk);
    if (!answer) {
      co_return net::broke_off(run, talk, answer.error(), options_.tls.get(), dialed->tls);
    }
    // Whether the server hears the good-bye is its own affair.
    const std::vector<std::byte> unbind = ldap::build_unbind(kUnbindId);
    co_await talk.say(unbind);
    co_return judged(run, *answer, dialed->tls);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  /// Asks for TLS and does the handshake on the same connection (RFC 4511, 4.14).
  asio::awaitable<Result<net::Dialed>> start_tls(ProbeRun& run, net::Dialed plain) const {
    net::Conversation talk(*plain.stream, run.deadline, "LDAP");
    const std::vector<std::byte> request = ldap::build_starttls(kStartTlsId);
    auto said = co_await talk.say(request);
    if (!said) {
      co_return std::unexpected(std::move(said.error()));
    }
    auto message = co_await hear(talk, kStartTlsId);
    if (!message) {
      co_return std::unexpected(std::move(message.error()));
    }
    if (message->kind != ldap::Message::Kind::extended || talk.has_more()) {
      co_return std::unexpected(
          Failure{Reason::protocol_mismatch,
                  "the LDAP server answers something else than was asked for with StartTLS", 0,
                  std::nullopt});
    }
    if (message->result.code != 0) {
      co_return std::unexpected(
          Failure{Reason::tls_handshake,
                  "the LDAP server refuses StartTLS, " + words(message->result), 0, std::nullopt});
    }
    auto secured = co_await net::upgrade(run, std::move(plain.stream), *options_.tls,
                                         run.target.host, options_.dial);
    co_return secured;
  }

  static asio::awaitable<Result<Answer>> search(net::Conversation& talk) {
    const std::vector<std::byte> request = ldap::build_search(kSearchId);
    auto said = co_await talk.say(request);
    if (!said) {
      co_return std::unexpected(std::move(said.error()));
    }
    Answer answer;
    for (int count = 0; count < kMostMessages; ++count) {
      auto message = co_await hear(talk, kSearchId);
      if (!message) {
        co_return std::unexpected(std::move(message.error()));
      }
      switch (message->kind) {
        case ldap::Message::Kind::entry:
          answer.entry = std::move(message->entry);
          break;
        case ldap::Message::Kind::reference:
          break;
        case ldap::Message::Kind::done:
        case ldap::Message::Kind::extended:  // a notice of disconnection
          answer.result = std::move(message->result);
          co_return answer;
      }
    }
    co_return std::unexpected(
        Failure{Reason::protocol_mismatch, "the LDAP server's answer has no end", 0, std::nullopt});
  }

  /// The next message, which answers `id` or is the server's notice that it hangs up.
  static asio::awaitable<Result<ldap::Message>> hear(net::Conversation& talk, std::int64_t id) {
    auto bytes = co_await talk.hear(&ldap::frame);
    if (!bytes) {
      co_return std::unexpected(std::move(bytes.error()));
    }
    auto message = ldap::parse(*bytes);
    const bool extended = message && message->kind == ldap::Message::Kind::extended;
    const bool answers = message && message->id == id && extended == (id == kStartTlsId);
    const bool is_notice = extended && message->id == 0;
    if (!answers && !is_notice) {
      co_return std::unexpected(talk.mismatch("no answer to what was asked", *bytes));
    }
    co_return std::move(*message);
  }

  Outcome judged(const ProbeRun& run, const Answer& answer,
                 std::shared_ptr<const TlsFacts> tls) const {
    Outcome outcome = net::judged(run, options_.tls.get(), std::move(tls));
    if (answer.entry) {
      outcome.facts = std::make_shared<const Facts>(facts_of(*answer.entry));
    }
    if (!outcome.success()) {
      return outcome;
    }
    const std::int64_t code = answer.result.code;
    outcome.degraded = code == kBusy || code == kUnavailable;
    if (code != 0) {
      outcome.message =
          "an LDAP server that shows its root entry to nobody, " + words(answer.result);
      if (outcome.degraded) {
        outcome.message = "an LDAP server that does not serve now, " + words(answer.result);
      }
      return outcome;
    }
    outcome.message = "an LDAP server";
    if (answer.entry) {
      const ldap::RootEntry& entry = *answer.entry;
      if (!entry.default_naming_context.empty()) {
        outcome.message += " for " + entry.default_naming_context;
      } else if (!entry.naming_contexts.empty()) {
        outcome.message += " for " + entry.naming_contexts.front();
      }
    }
    return outcome;
  }

  net::SecureDialOptions options_;
};

std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  const bool secure = target.scheme == "ldaps" || target.port == 636 || target.port == 3269;
  return std::make_shared<LdapProbe>(
      net::read_secure_dial(params, target, secure ? net::Security::tls : net::Security::none, true,
                            net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType ldap_probe_type() {
  return {.name = "ldap",
          .summary = "a directory answers a search of its root entry, without a login",
          .transport = Transport::tcp,
          .default_port = 389,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
