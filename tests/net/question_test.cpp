#include "probes/net/question.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "probes/net/udp.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using test::UdpServer;
using testing::HasSubstr;

class StartsWithYes final : public Accepts {
 public:
  bool operator()(std::span<const std::byte> datagram) const override {
    return as_text(datagram).starts_with("yes");
  }
};

asio::awaitable<Result<std::string>> ask_really(ProbeRun& run) {
  const std::string_view datagram = "really?";
  const StartsWithYes accepts;
  const Question question{"TEST", std::as_bytes(std::span(datagram)), accepts, std::nullopt};
  auto answer = co_await ask(run, question);
  if (!answer) {
    co_return std::unexpected(std::move(answer.error()));
  }
  co_return std::string(as_text(*answer));
}

/// Asks "really?" at the server.
Result<std::string> ask_at(test::NetLab& lab, const Endpoint& server, Duration timeout) {
  const Target target = parse_target(server.to_string(), 0).value();
  Deadline deadline(lab.deadlines, system_clock().steady_now() + timeout);
  Progress progress(system_clock());
  ProbeRun run{target, server, {}, lab.network, deadline, progress};
  return test::run(lab.context, ask_really(run));
}

TEST(Question, TheFirstAcceptedAnswerCounts) {
  test::NetLab lab;
  UdpServer server(lab.context, [](const std::string& asked) {
    return std::vector<std::string>{"no", "yes: " + asked};
  });
  EXPECT_EQ(ask_at(lab, server.endpoint(), 4s).value(), "yes: really?");
}

TEST(Question, ALostDatagramIsSentAgain) {
  test::NetLab lab;
  int asked = 0;
  UdpServer server(lab.context, [&](const std::string&) {
    return ++asked == 1 ? std::vector<std::string>{} : std::vector<std::string>{"yes"};
  });
  EXPECT_EQ(ask_at(lab, server.endpoint(), 2s).value(), "yes");
  EXPECT_EQ(asked, 2);
}

TEST(Question, SilenceIsNoReply) {
  test::NetLab lab;
  int asked = 0;
  UdpServer server(lab.context, [&](const std::string&) {
    ++asked;
    return std::vector<std::string>{};
  });
  EXPECT_EQ(ask_at(lab, server.endpoint(), 800ms).error().reason, Reason::no_reply);
  EXPECT_GE(asked, 2);
  EXPECT_LE(asked, 4);
}

TEST(Question, OnlyNonsenseIsAMismatchWithItsFirstBytes) {
  test::NetLab lab;
  UdpServer server(lab.context,
                   [](const std::string&) { return std::vector<std::string>{"\x01garbage"}; });
  const auto answer = ask_at(lab, server.endpoint(), 300ms);
  EXPECT_EQ(answer.error().reason, Reason::protocol_mismatch);
  EXPECT_THAT(answer.error().message, HasSubstr("does not speak TEST"));
  EXPECT_THAT(answer.error().message, HasSubstr("\"\\x01garbage\""));
}

TEST(Question, AClosedPortIsRefused) {
  test::NetLab lab;
  Endpoint free;
  {
    UdpServer server(lab.context, [](const std::string&) { return std::vector<std::string>{}; });
    free = server.endpoint();
  }
  EXPECT_EQ(ask_at(lab, free, 2s).error().reason, Reason::refused);
}

}  // namespace
}  // namespace reachd::net
