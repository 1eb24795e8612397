// What holds for every probe type; a new one is covered by being in the table.
#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <memory>
#include <sstream>

#include "probes/registry.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/process.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// Accepts for ever on loopback and says `greeting` to everyone; an empty one is a mute server.
class Greeter {
 public:
  Greeter(asio::io_context& context, std::string greeting)
      : state_(std::make_shared<State>(context, std::move(greeting))) {
    asio::co_spawn(context, serve(state_), asio::detached);
  }
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;
  ~Greeter() { state_->acceptor.close(); }

  std::string target(const ProbeType& type) const {
    const std::string authority =
        "127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port());
    if (type.name == "http") {
      return "http://" + authority + "/";
    }
    return type.needs_port || type.default_port != 0 ? authority : "127.0.0.1";
  }

  /// Closes the connections of the server's side.
  void forget_peers() { state_->peers.clear(); }

 private:
  /// Shared with the coroutine, which may run once more after the greeter has gone.
  struct State {
    State(asio::io_context& context, std::string text)
        : greeting(std::move(text)),
          acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    std::string greeting;
    tcp::acceptor acceptor;
    std::vector<tcp::socket> peers;
  };

  static asio::awaitable<void> serve(std::shared_ptr<State> state) {
    while (state->acceptor.is_open()) {
      auto accepted = co_await state->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      auto& [error, peer] = accepted;
      if (error) {
        co_return;
      }
      if (!state->greeting.empty()) {
        co_await asio::async_write(peer, asio::buffer(state->greeting),
                                   asio::as_tuple(asio::use_awaitable));
      }
      state->peers.push_back(std::move(peer));
    }
  }

  std::shared_ptr<State> state_;
};

/// True for the types that need an answer in their own protocol over TCP: a foreign server can't
/// satisfy them. What the command mode of a chassis answers is not public.
bool speaks_over_tcp(const ProbeType& type) {
  return type.transport == Transport::tcp && type.name != "tcp" && type.name != "cmm_command_mode";
}

class EveryProbe : public testing::TestWithParam<std::string> {
 protected:
  const ProbeType& type() const { return *find_probe_type(GetParam()); }
};

TEST_P(EveryProbe, HasASummaryAndASectionInTheDocumentation) {
  EXPECT_FALSE(type().summary.empty());
  std::ifstream file(REACHD_SOURCE_DIR "/config/README.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("`" + GetParam() + "`"), std::string::npos);
}

TEST_P(EveryProbe, RefusesKeysThatItDoesNotKnow) {
  test::NetLab lab;
  const Greeter greeter(lab.context, "");
  const std::string problems = lab.problems(type(), greeter.target(type()),
                                            test::params({{"no_such_key", test::text("1")}}));
  EXPECT_NE(problems.find("unknown key \"no_such_key\""), std::string::npos) << problems;
}

TEST_P(EveryProbe, KeepsItsDeadlineBeforeAMuteServer) {
  test::NetLab lab;
  const Greeter greeter(lab.context, "");
  const auto began = std::chrono::steady_clock::now();
  const Outcome outcome = lab.probe(type(), greeter.target(type()), {}, 300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms);
  if (speaks_over_tcp(type())) {
    EXPECT_EQ(outcome.reason, Reason::stalled) << outcome.message;
  }
}

TEST_P(EveryProbe, IsHonestBeforeTheWrongServer) {
  std::string noise(2000, '\0');
  unsigned seed = 7;
  for (char& c : noise) {
    seed = seed * 1664525u + 1013904223u;
    c = static_cast<char>(seed >> 24);
  }
  for (const std::string& greeting :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("220 mail ESMTP\r\n"), noise}) {
    test::NetLab lab;
    const Greeter greeter(lab.context, greeting);
    const Outcome outcome = lab.probe(type(), greeter.target(type()), {}, 500ms);
    if (speaks_over_tcp(type())) {
      const bool own = (GetParam() == "ssh" && greeting.starts_with("SSH-")) ||
                       (GetParam() == "smtp" && greeting.starts_with("220 "));
      EXPECT_TRUE(own || !outcome.success()) << greeting.substr(0, 8) << ": " << outcome.message;
    }
    ASSERT_LE(outcome.attempts.size(), 1U);
  }
}

TEST_P(EveryProbe, SaysRefusedWhereNothingListens) {
  if (type().transport != Transport::tcp) {
    return;  // the other transports have no such answer
  }
  test::NetLab lab;
  std::string target;
  {
    const Greeter greeter(lab.context, "");
    target = greeter.target(type());
  }
  const Outcome outcome = lab.probe(type(), target);
  EXPECT_EQ(outcome.reason, Reason::refused) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::connect);
}

TEST_P(EveryProbe, GoesThroughAProxyIfItIsOverTcp) {
  if (type().transport != Transport::tcp) {
    return;  // no proxy knows the other transports
  }
  test::NetLab lab;
  for (const std::string scheme : {"http://", "socks5://"}) {
    // The proxy is a mute server: the target would have been refused.
    const Greeter proxy(lab.context, "");
    const std::string url = scheme + proxy.target(*find_probe_type("tcp"));
    const Outcome outcome =
        lab.probe(type(), "inside.example:1", test::params({{"proxy", test::text(url)}}), 200ms);
    EXPECT_EQ(outcome.reason, Reason::stalled) << outcome.message;
    EXPECT_TRUE(lab.resolver.asked.empty());
  }
}

TEST_P(EveryProbe, LeavesNoDescriptorOpen) {
  test::NetLab lab;
  Greeter greeter(lab.context, "");
  const std::string target = greeter.target(type());
  lab.probe(type(), target, {}, 20ms);
  greeter.forget_peers();
  const std::size_t before = test::open_descriptors();
  for (int round = 0; round < 50; ++round) {
    lab.probe(type(), target, {}, 5ms);
  }
  lab.context.poll();  // what was accepted but not yet served
  greeter.forget_peers();
  EXPECT_LE(test::open_descriptors(), before);
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const ProbeType& type : probe_types()) {
    result.emplace_back(type.name);
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryProbe, testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

/// The protocols that are spoken over TLS message by message.
class EveryConversation : public testing::TestWithParam<std::string> {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Outcome see(test::ServerTls tls, std::string greeting) {
    const test::LoopbackServer server(lab.context, test::banner(std::move(greeting)),
                                      std::move(tls));
    return lab.probe(
        *find_probe_type(GetParam()), server.target(),
        test::params({{"security", test::text("tls")},
                      {"tls", test::params({{"ca_file", test::text(ca_file.path())}})}}));
  }
};

TEST_P(EveryConversation, IsProvenByADemandForAClientCertificate) {
  test::ServerTls tls{ca.issue()};
  tls.client_ca = ca.certificate();
  tls.client_certificate = test::ServerTls::ClientCertificate::required;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    tls.most_version = version;
    const Outcome outcome = see(tls, "");
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_NE(outcome.message.find("client certificate"), std::string::npos) << outcome.message;
    EXPECT_TRUE(outcome.tls);
  }
}

TEST_P(EveryConversation, KeepsTheCertificateOfTheWrongServer) {
  const Outcome outcome = see(test::ServerTls{ca.issue()}, "-ERR what?\r\n");
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
  EXPECT_TRUE(outcome.tls);
}

INSTANTIATE_TEST_SUITE_P(Probes, EveryConversation,
                         testing::Values("db2", "ftp", "ldap", "mssql", "mysql", "oracle", "smtp"),
                         [](const auto& made) { return made.param; });

}  // namespace
}  // namespace reachd
