#include "probes/mssql_browser.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::params;
using test::text;
using test::UdpServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// SVR_RESP ([MC-SQLR] 2.2.5): its length is little-endian.
std::string response(const std::string& data) {
  return std::string{'\x05', static_cast<char>(data.size()), static_cast<char>(data.size() >> 8)} +
         data;
}
/// In the form of 2.2.5, CLNT_UCAST_EX_RESPONSE, with a named pipe and TCP.
const std::string kTwo = response(
    "ServerName;DB1;InstanceName;MSSQLSERVER;IsClustered;No;Version;16.0.1000.6;"
    "np;\\\\DB1\\pipe\\sql\\query;tcp;1433;;"
    "ServerName;DB1;InstanceName;SALES;IsClustered;No;Version;15.0.2000.5;tcp;50123;;");

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

UdpServer::Script says(std::string answer, std::string& asked) {
  return [answer, &asked](const std::string& datagram) {
    asked = datagram;
    return answer.empty() ? std::vector<std::string>{} : std::vector<std::string>{answer};
  };
}

class MssqlBrowserProbe : public testing::Test {
 protected:
  test::NetLab lab;
  std::string asked;

  Outcome see(const std::string& answer, const Value& values = {}, Duration timeout = 4s) {
    UdpServer server(lab.context, says(answer, asked));
    return lab.probe(mssql_browser_probe_type(), server.target(), values, timeout);
  }
};

TEST(MssqlBrowser, ResponsesAreReadInstanceByInstance) {
  const auto instances = mssql_browser::parse_response(bytes(kTwo));
  ASSERT_TRUE(instances);
  ASSERT_EQ(instances->size(), 2U);
  EXPECT_EQ(instances->at(0).server, "DB1");
  EXPECT_EQ(instances->at(0).name, "MSSQLSERVER");
  EXPECT_EQ(instances->at(0).tcp_port, "1433");
  EXPECT_EQ(instances->at(1).name, "SALES");
  EXPECT_EQ(instances->at(1).version, "15.0.2000.5");
}

TEST(MssqlBrowser, HostileResponsesAreBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "ServerName;S;InstanceName;I;;";
  }
  EXPECT_EQ(mssql_browser::parse_response(bytes(response(many)))->size(), 32U);
  const auto odd = mssql_browser::parse_response(
      bytes(response("ServerName;\x1b[2J;InstanceName;" + std::string(500, 'x') + ";;")));
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->front().server, "?[2J");
  EXPECT_EQ(odd->front().name.size(), 64U);
  for (const char* none : {"", "ServerName", "ServerName;", "ServerName;;", "ServerName;a;;;;",
                           "InstanceName;a;;", "ServerName;a;InstanceName;b;"}) {
    EXPECT_FALSE(mssql_browser::parse_response(bytes(response(none)))) << none;
  }
  EXPECT_FALSE(mssql_browser::parse_response(bytes("\x05")));
  EXPECT_FALSE(mssql_browser::parse_response(bytes(kTwo.substr(1))));
}

TEST_F(MssqlBrowserProbe, AnAnswerIsUpWithItsInstances) {
  const Outcome outcome = see(kTwo);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(asked, "\x03");
  EXPECT_THAT(
      std::get<ServiceFacts>(*outcome.facts).details,
      ElementsAre(Pair("server", "DB1"), Pair("instances",
                                              "MSSQLSERVER on port 1433, version 16.0.1000.6; "
                                              "SALES on port 50123, version 15.0.2000.5")));
}

TEST_F(MssqlBrowserProbe, OneInstanceIsAskedForByName) {
  const std::string one = response("ServerName;DB1;InstanceName;SALES;tcp;50123;;");
  const Value values = params({{"instance", text("Sales")}});
  EXPECT_EQ(see(one, values).reason, Reason::ok);
  EXPECT_EQ(asked, std::string("\x04Sales\0", 7));
  const Outcome other = see(one, params({{"instance", text("HR")}}));
  EXPECT_EQ(other.reason, Reason::content_mismatch);
  EXPECT_THAT(other.message, HasSubstr("HR"));
}

TEST_F(MssqlBrowserProbe, SilenceProvesNothingAndNonsenseIsAMismatch) {
  const Outcome silent = see("", {}, 300ms);
  EXPECT_EQ(silent.reason, Reason::no_reply);
  EXPECT_FALSE(silent.reply_owed);
  EXPECT_EQ(see("\x05\x01", {}, 300ms).reason, Reason::protocol_mismatch);
}

}  // namespace
}  // namespace reachd
