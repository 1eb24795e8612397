#include "probes/dns.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/pattern.hpp"
#include "probes/net/errors.hpp"
#include "probes/net/question.hpp"
#include "probes/net/tcp.hpp"
#include "probes/net/udp.hpp"

namespace reachd {
namespace {

using net::Result;

/// Answers over UDP are at most 512 bytes without EDNS (RFC 1035, 4.2.1); servers that send more
/// are still understood.
constexpr std::size_t kMaxDatagram = 4096;
constexpr std::size_t kMaxFactAnswers = 32;

struct Settings {
  dns::Question question;
  bool tcp = false;
  bool recursion = true;
  std::vector<unsigned> valid_rcodes;  ///< empty: every answer proves the server
  std::vector<Pattern> wanted;
  std::vector<Pattern> unwanted;
  std::optional<IpAddress> source;
};

class Answers final : public net::Accepts {
 public:
  Answers(std::uint16_t id, const dns::Question& question) : id_(id), question_(question) {}
  bool operator()(std::span<const std::byte> datagram) const override {
    return dns::parse_reply(datagram, id_, question_).has_value();
  }

 private:
  std::uint16_t id_;
  const dns::Question& question_;
};

asio::awaitable<net::IoResult> read_all(net::Stream& stream, std::span<std::byte> buffer) {
  net::IoResult result;
  while (result.count < buffer.size() && !result.ec) {
    const net::IoResult part = co_await stream.read_some(buffer.subspan(result.count));
    result.count += part.count;
    result.ec = part.ec;
  }
  co_return result;
}

Failure nonsense(const Endpoint& server, const char* what) {
  Failure failure;
  failure.reason = Reason::protocol_mismatch;
  failure.message = "what answers on " + server.to_string() + " " + what;
  return failure;
}

class DnsProbe final : public Probe {
 public:
  explicit DnsProbe(Settings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    const auto id = static_cast<std::uint16_t>(std::random_device()());
    const auto query = dns::build_query(id, settings_.question, settings_.recursion).value();
    bool over_tcp = settings_.tcp;
    Result<dns::Reply> reply;
    if (!over_tcp) {
      reply = co_await ask_udp(run, id, query);
      over_tcp = reply && reply->truncated;
    }
    if (over_tcp) {
      reply = co_await ask_tcp(run, id, query);
    }
    if (!reply) {
      if (over_tcp && !settings_.tcp) {
        reply.error().message.insert(0, "the answer over UDP is cut short, and over TCP: ");
      }
      co_return over_tcp
          ? failed(run, std::move(reply.error()))
          : net::datagram_failed(run, std::move(reply.error()), net::Silence::is_failure);
    }
    co_return judged(run, *reply, over_tcp);
  }

  Transport transport(Transport type) const noexcept override {
    return settings_.tcp ? Transport::tcp : type;
  }

 private:
  asio::awaitable<Result<dns::Reply>> ask_udp(ProbeRun& run, std::uint16_t id,
                                              const std::vector<std::byte>& query) const {
    const Answers answers(id, settings_.question);
    const net::Question question{"DNS", query, answers, settings_.source, kMaxDatagram};
    auto datagram = co_await net::ask(run, question);
    if (!datagram) {
      co_return std::unexpected(std::move(datagram.error()));
    }
    co_return dns::parse_reply(*datagram, id, settings_.question).value();
  }

  /// One exchange with a length in front of each message (RFC 1035, 4.2.2).
  asio::awaitable<Result<dns::Reply>> ask_tcp(ProbeRun& run, std::uint16_t id,
                                              const std::vector<std::byte>& query) const {
    run.progress.enter(Phase::connect);
    net::TcpOptions options;
    options.source = settings_.source;
    auto stream = co_await net::connect_tcp(run.network, *run.endpoint, options, run.deadline);
    if (!stream) {
      co_return std::unexpected(std::move(stream.error()));
    }
    run.progress.enter(Phase::request);
    const auto message = co_await dns::exchange(**stream, id, query, *run.endpoint, run.deadline);
    if (!message) {
      co_return std::unexpected(message.error());
    }
    auto reply = dns::parse_reply(*message, id, settings_.question);
    if (!reply) {
      co_return std::unexpected(nonsense(*run.endpoint, "sends no well-formed DNS answer"));
    }
    co_return std::move(*reply);
  }

  Outcome judged(const ProbeRun& run, const dns::Reply& reply, bool over_tcp) const {
    Failure failure;
    failure.reason = judge(reply, failure.message);
    Outcome outcome =
        failure.reason == Reason::ok ? succeeded(run) : failed(run, std::move(failure));
    DnsFacts facts;
    facts.rcode = dns::rcode_name(reply.rcode);
    const std::size_t kept = std::min(reply.answers.size(), kMaxFactAnswers);
    facts.answers.assign(reply.answers.begin(),
                         reply.answers.begin() + static_cast<std::ptrdiff_t>(kept));
    facts.answer_count = reply.answer_count;
    facts.authority_count = reply.authority_count;
    facts.additional_count = reply.additional_count;
    facts.over_tcp = over_tcp;
    outcome.facts = std::make_shared<const Facts>(std::move(facts));
    return outcome;
  }

  Reason judge(const dns::Reply& reply, std::string& message) const {
    const std::string asked =
        settings_.question.name + " " + dns::type_name(settings_.question.type);
    const auto& valid = settings_.valid_rcodes;
    if (!valid.empty() && std::ranges::find(valid, reply.rcode) == valid.end()) {
      message = "the name server answered " + dns::rcode_name(reply.rcode) + " for " + asked;
      switch (reply.rcode) {
        case 0:
          return Reason::content_mismatch;
        case 3:
          return Reason::dns_nxdomain;
        default:
          return Reason::dns_failure;
      }
    }
    const auto found = [&reply](const Pattern& pattern) {
      return std::ranges::any_of(reply.answers, [&pattern](const std::string& answer) {
        return pattern.found_in(answer);
      });
    };
    for (const Pattern& pattern : settings_.wanted) {
      if (!found(pattern)) {
        message = reply.answers.empty() ? "the name server has no answer for " + asked
                                        : "no answer for " + asked + " matches \"" +
                                              std::string(pattern.text()) + "\"";
        return reply.answers.empty() ? Reason::dns_no_data : Reason::content_mismatch;
      }
    }
    for (const Pattern& pattern : settings_.unwanted) {
      if (found(pattern)) {
        message = "an answer for " + asked + " matches \"" + std::string(pattern.text()) +
                  "\", which none should";
        return Reason::content_mismatch;
      }
    }
    return Reason::ok;
  }

  Settings settings_;
};

std::vector<Pattern> read_patterns(Reader& params, std::string_view key) {
  std::vector<Pattern> patterns;
  for (const std::string& text : params.texts(key)) {
    auto pattern = Pattern::compile(text);
    if (pattern) {
      patterns.push_back(std::move(*pattern));
    } else {
      params.error(key, std::string(key) + ": " + pattern.error());
    }
  }
  return patterns;
}

dns::Question read_question(Reader& params) {
  dns::Question question;
  question.name = params.text("query", ".");
  const std::string type = params.text("type", params.has("query") ? "A" : "NS");
  const auto number = dns::parse_type(type);
  if (!number) {
    params.error("type", "type is one of A, AAAA, ANY, CNAME, MX, NS, PTR, SOA, SRV, TXT, not \"" +
                             type + "\"");
  }
  question.type = number.value_or(1);
  const auto address = IpAddress::parse(question.name);
  if (address && dns::type_name(question.type) == "PTR") {
    question.name = dns::reverse_name(*address);
  }
  if (!dns::build_query(0, question, true)) {
    params.error("query", "\"" + question.name + "\" is no name that can be asked for");
    question.name = ".";
  }
  return question;
}

std::vector<unsigned> read_rcodes(Reader& params) {
  std::vector<unsigned> rcodes;
  if (!params.has("valid_rcodes") && params.has("query")) {
    rcodes.push_back(0);
  }
  for (const std::string& word : params.texts("valid_rcodes")) {
    if (const auto rcode = dns::parse_rcode(word)) {
      rcodes.push_back(*rcode);
    } else {
      params.error("valid_rcodes", "\"" + word + "\" is no response code such as NOERROR");
    }
  }
  return rcodes;
}

std::shared_ptr<const Probe> make(const Target&, Reader& params) {
  Settings settings;
  settings.question = read_question(params);
  settings.tcp = net::read_over_tcp(params, false);
  settings.recursion = params.boolean("recursion", true);
  settings.valid_rcodes = read_rcodes(params);
  settings.wanted = read_patterns(params, "answers_match");
  settings.unwanted = read_patterns(params, "answers_not_match");
  settings.source = net::read_source(params);
  return std::make_shared<DnsProbe>(std::move(settings));
}

}  // namespace

asio::awaitable<Result<std::vector<std::byte>>> dns::exchange(net::Stream& stream, std::uint16_t id,
                                                              std::span<const std::byte> query,
                                                              const Endpoint& server,
                                                              const net::Deadline& deadline) {
  ByteWriter framed(query.size() + 2);
  framed.u16(static_cast<std::uint16_t>(query.size()));
  framed.bytes(query);
  const net::IoResult written = co_await stream.write(framed.data());
  if (written.ec) {
    co_return std::unexpected(net::stream_failure(written.ec, Phase::request, deadline));
  }
  // The id is looked at before the rest is waited for: the banner of something else would name a
  // length that never comes.
  std::vector<std::byte> head(4);
  const net::IoResult got_head = co_await read_all(stream, head);
  if (got_head.ec) {
    co_return std::unexpected(net::stream_failure(got_head.ec, Phase::request, deadline));
  }
  ByteReader reader(head);
  const std::size_t size = reader.u16();
  if (reader.u16() != id || size < 12) {
    co_return std::unexpected(nonsense(server, "does not speak DNS over TCP"));
  }
  std::vector<std::byte> message(size);
  std::copy(head.begin() + 2, head.end(), message.begin());
  const net::IoResult got_rest = co_await read_all(stream, std::span(message).subspan(2));
  if (got_rest.ec) {
    co_return std::unexpected(net::stream_failure(got_rest.ec, Phase::request, deadline));
  }
  co_return message;
}

ProbeType dns_probe_type() {
  return {.name = "dns",
          .summary = "a name server answers, and as expected",
          .transport = Transport::udp,
          .default_port = 53,
          .needs_port = true,
          .make = &make};
}

}  // namespace reachd
