#include "probes/wbem.hpp"

#include <gmock/gmock.h>

#include "tests/support/details.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::details;
using test::LoopbackServer;
using test::params;
using test::text;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;
using Kind = wbem::Judgement::Kind;

// After the example of DSP0200, annex A.2, with what a server says of itself.
constexpr std::string_view kCimAnswer =
    "HTTP/1.1 200 OK\r\nServer: CIM-Server\r\nContent-Type: application/xml; charset=\"utf-8\"\r\n"
    "CIMOperation: MethodResponse\r\nContent-Length: 6\r\n\r\n<CIM/>";
constexpr std::string_view kCimRefusal =
    "HTTP/1.1 400 Bad Request\r\nCIMError: unsupported-operation\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kLogin =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"imm:5989\"\r\n"
    "WWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBareLogin = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kForbidden = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kCimForbidden =
    "HTTP/1.1 403 Forbidden\r\nCIMOperation: MethodResponse\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kSoapForbidden =
    "HTTP/1.1 403 Forbidden\r\nContent-Type: application/soap+xml\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBusy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kPage = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
constexpr std::string_view kFault =
    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
    "Content-Length: 0\r\n\r\n";
// After DSP0226, 11, with the words of Windows Server 2012.
constexpr std::string_view kIdentity =
    "<s:Envelope xml:lang=\"en-US\" xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header/>"
    "<s:Body><wsmid:IdentifyResponse xmlns:wsmid=\"http://schemas.dmtf.org/wbem/wsman/identity/1/"
    "wsmanidentity.xsd\"><wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
    "</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
    "<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
    "</wsmid:IdentifyResponse></s:Body></s:Envelope>";

std::string identified() {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
         "Server: Microsoft-HTTPAPI/2.0\r\nContent-Length: " +
         std::to_string(kIdentity.size()) + "\r\n\r\n" + std::string(kIdentity);
}

/// Hears the request to its end and answers; `heard` may be null.
test::Script answer(std::string_view end, std::string bytes, std::string* heard = nullptr) {
  return [=](test::Peer& peer) -> test::asio::awaitable<void> {
    const std::string request = co_await peer.read_until(end);
    if (heard != nullptr) {
      *heard = request;
    }
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
}

constexpr std::string_view kCimEnd = "</CIM>\n";
constexpr std::string_view kWinrmEnd = "</s:Envelope>";

Outcome see(const ProbeType& type, std::string_view bytes, std::string* heard = nullptr) {
  test::NetLab lab;
  LoopbackServer server(
      lab.context, answer(type.name == "cim" ? kCimEnd : kWinrmEnd, std::string(bytes), heard));
  return lab.probe(type, server.target());
}
Outcome see_cim(std::string_view bytes) { return see(cim_probe_type(), bytes); }
Outcome see_winrm(std::string_view bytes) { return see(winrm_probe_type(), bytes); }

TEST(ElementText, IsFoundWhateverThePrefix) {
  EXPECT_EQ(wbem::element_text(kIdentity, "ProductVendor"), "Microsoft Corporation");
  EXPECT_EQ(wbem::element_text("<A>x</A>", "A"), "x");
  EXPECT_EQ(wbem::element_text("<AA>x</AA><A>y</A>", "A"), "y");
  EXPECT_EQ(wbem::element_text("<A></A>", "A"), "");
  EXPECT_EQ(wbem::element_text("<A><B>x</B></A>", "A"), "");
  EXPECT_EQ(wbem::element_text("A>x</A>", "A"), "");
  EXPECT_EQ(wbem::element_text("<A>x", "A"), "");
  EXPECT_EQ(wbem::element_text("", "A"), "");
}

TEST(CimProbe, AsksByTheSpecificationAndWithoutALogin) {
  std::string heard;
  const Outcome outcome = see(cim_probe_type(), kLogin, &heard);
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_THAT(heard, StartsWith("POST /cimom HTTP/1.1\r\n"));
  for (const char* part :
       {"\r\nHost: 127.0.0.1:", "\r\nCIMOperation: MethodCall\r\n",
        "\r\nCIMMethod: EnumerateInstanceNames\r\n", "\r\nCIMObject: interop\r\n",
        "\r\nUser-Agent: reachd/", "<IMETHODCALL NAME=\"EnumerateInstanceNames\">"}) {
    EXPECT_THAT(heard, HasSubstr(part));
  }
  EXPECT_FALSE(heard.contains("Authorization"));
}

TEST(CimProbe, ADemandForALoginIsUpWithItsSchemes) {
  const Outcome outcome = see_cim(kLogin);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "a CIM server that asks for a login (HTTP 401 Unauthorized)");
  EXPECT_THAT(details(outcome), Contains(Pair("authentication", "Basic Negotiate")));
}

TEST(CimProbe, CimHeadersAreUp) {
  const Outcome answered = see_cim(kCimAnswer);
  EXPECT_EQ(answered.reason, Reason::ok) << answered.message;
  EXPECT_THAT(details(answered), Contains(Pair("server", "CIM-Server")));
  const Outcome refused = see_cim(kCimRefusal);
  EXPECT_EQ(refused.reason, Reason::ok);
  EXPECT_THAT(refused.message, HasSubstr("unsupported-operation"));
  const Outcome forbidden = see_cim(kCimForbidden);
  EXPECT_EQ(forbidden.reason, Reason::ok);
  EXPECT_THAT(forbidden.message, HasSubstr("asks for a login (HTTP 403 Forbidden)"));
}

TEST(CimProbe, NotNowIsDegraded) {
  const Outcome outcome = see_cim(kBusy);
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
}

TEST(CimProbe, AnotherWebServerIsAMismatch) {
  for (const std::string_view bytes :
       {kNotFound, kPage, kFault, kForbidden, kBareLogin, kSoapForbidden}) {
    const Outcome outcome = see_cim(bytes);
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
    EXPECT_EQ(outcome.phase, Phase::request);
    EXPECT_THAT(outcome.message, AllOf(HasSubstr("not as a CIM server"), HasSubstr("HTTP ")));
  }
}

TEST(CimProbe, NoWebServerIsAMismatchAndSilenceIsStalled) {
  test::NetLab lab;
  LoopbackServer ssh(lab.context, test::banner("SSH-2.0-OpenSSH_9.2p1\r\n"));
  EXPECT_EQ(lab.probe(cim_probe_type(), ssh.target()).reason, Reason::protocol_mismatch);
  LoopbackServer quiet(lab.context, test::mute());
  EXPECT_EQ(lab.probe(cim_probe_type(), quiet.target(), {}, 50ms).reason, Reason::stalled);
  LoopbackServer closing(lab.context, answer(kCimEnd, "HTTP/1.1 2"));
  EXPECT_EQ(lab.probe(cim_probe_type(), closing.target(), {}, 50ms).reason, Reason::stalled);
}

class CimTls : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Outcome see(test::ServerTls tls) {
    LoopbackServer server(lab.context, answer(kCimEnd, std::string(kLogin)), std::move(tls));
    return lab.probe(
        cim_probe_type(), server.target(),
        params({{"security", text("tls")}, {"tls", params({{"ca_file", text(ca_file.path())}})}}));
  }
};

TEST_F(CimTls, SpeaksOverTlsAndJudgesTheCertificate) {
  const Outcome good = see(test::ServerTls{ca.issue()});
  EXPECT_EQ(good.reason, Reason::ok) << good.message;
  EXPECT_TRUE(good.tls);
  EXPECT_THAT(good.message, HasSubstr("asks for a login"));
  const Outcome bad = see(test::ServerTls{test::self_signed()});
  EXPECT_EQ(bad.reason, Reason::tls_untrusted);
  EXPECT_EQ(bad.phase, Phase::tls);
  EXPECT_THAT(details(bad), Contains(Pair("authentication", "Basic Negotiate")));
}

TEST_F(CimTls, ADemandForAClientCertificateProvesTheServer) {
  test::ServerTls tls{ca.issue()};
  tls.client_certificate = test::ServerTls::ClientCertificate::required;
  tls.client_ca = ca.certificate();
  const Outcome outcome = see(tls);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("client certificate"));
}

TEST_F(CimTls, ThePortsAndTheSchemeDecideUnlessTheOperatorDoes) {
  // A map `tls` is an error without security.
  const Value observe = params({{"tls", params({{"verify", text("observe")}})}});
  EXPECT_EQ(lab.problems(cim_probe_type(), "h", observe), "");
  EXPECT_EQ(lab.problems(cim_probe_type(), "https://h:6988", observe), "");
  EXPECT_NE(lab.problems(cim_probe_type(), "h:5988", observe), "");
  EXPECT_EQ(lab.problems(winrm_probe_type(), "h:5986", observe), "");
  EXPECT_NE(lab.problems(winrm_probe_type(), "h", observe), "");
}

TEST(WinrmProbe, AnIdentityIsUpWithItsFacts) {
  std::string heard;
  const Outcome outcome = see(winrm_probe_type(), identified(), &heard);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(outcome.message, "a WS-Management service of Microsoft Corporation");
  EXPECT_THAT(details(outcome),
              AllOf(Contains(Pair("product_vendor", "Microsoft Corporation")),
                    Contains(Pair("product_version", "OS: 0.0.0 SP: 0.0 Stack: 3.0")),
                    Contains(Pair("server", "Microsoft-HTTPAPI/2.0"))));
  EXPECT_THAT(heard, StartsWith("POST /wsman HTTP/1.1\r\n"));
  EXPECT_THAT(heard, HasSubstr("\r\nWSMANIDENTIFY: unauthenticated\r\n"));
  EXPECT_THAT(heard, HasSubstr("<wsmid:Identify/>"));
}

TEST(WinrmProbe, ADemandForALoginAMethodNotAllowedAndAFaultAreUp) {
  for (const std::string_view bytes :
       {kLogin, kFault, kSoapForbidden,
        std::string_view("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")}) {
    const Outcome outcome = see_winrm(bytes);
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_FALSE(outcome.degraded);
    EXPECT_THAT(outcome.message, StartsWith("a WS-Management service that "));
  }
  EXPECT_TRUE(see_winrm(kBusy).degraded);
}

TEST(WinrmProbe, AnotherWebServerIsAMismatch) {
  for (const std::string_view bytes :
       {kNotFound, kPage, kCimAnswer, kForbidden, kBareLogin, kCimForbidden}) {
    const Outcome outcome = see_winrm(bytes);
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr("not as a WS-Management service"));
  }
}

}  // namespace
}  // namespace reachd
