#include "probes/wbem.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "probes/core/printable.hpp"
#include "probes/core/words.hpp"
#include "probes/net/dial.hpp"

namespace reachd {
namespace wbem {
namespace {

constexpr std::size_t kLongestText = 128;

std::string clean(std::string_view text) { return plain_line(text, kLongestText); }

void add_header(ServiceFacts& facts, std::string_view key, const net::HttpResponse& response,
                std::string_view header) {
  if (const std::string* value = response.header(header)) {
    facts.add(key, clean(*value));
  }
}

/// The schemes by which a login would be taken: the first word of each challenge (RFC
/// 9110, 11.6.1).
std::string schemes(const net::HttpResponse& response) {
  std::string result;
  for (const auto& [name, value] : response.headers) {
    if (same_word(name, "WWW-Authenticate")) {
      result += (result.empty() ? "" : " ") + value.substr(0, value.find(' '));
    }
  }
  return result;
}

/// What both protocols have in common: a demand for a login is up, "not now" is degraded. `own`:
/// the response has the marks of the protocol; without them only a demand that names a scheme
/// counts.
Judgement judge_status(const net::HttpResponse& response, std::string_view what, bool own) {
  Judgement judgement;
  add_header(judgement.facts, "server", response, "Server");
  const std::string named = schemes(response);
  judgement.facts.add("authentication", clean(named));
  if ((response.status == 401 && (own || !named.empty())) || (response.status == 403 && own)) {
    judgement.kind = Judgement::Kind::up;
    judgement.message = std::string(what) + " that asks for a login (" + response.title() + ")";
  } else if (response.status == 503) {
    judgement.kind = Judgement::Kind::degraded;
    judgement.message = std::string(what) + " that does not serve now (" + response.title() + ")";
  } else {
    judgement.message =
        "an HTTP server answers, but not as " + std::string(what) + " does: " + response.title();
  }
  return judgement;
}

}  // namespace

std::string_view element_text(std::string_view xml, std::string_view name) noexcept {
  for (std::size_t at = xml.find(name); at != std::string_view::npos; at = xml.find(name, at + 1)) {
    const std::string_view rest = xml.substr(at + name.size());
    const bool begins = at > 0 && (xml[at - 1] == '<' || xml[at - 1] == ':');
    const std::size_t end = rest.find('<');
    if (begins && rest.starts_with('>') && end != std::string_view::npos &&
        rest.substr(end).starts_with("</")) {
      return rest.substr(1, end - 1);
    }
  }
  return {};
}

Judgement judge_cim(const net::HttpResponse& response) {
  const std::string* error = response.header("CIMError");
  const bool own = error != nullptr || response.header("CIMOperation") != nullptr;
  Judgement judgement = judge_status(response, "a CIM server", own);
  if (own && judgement.kind == Judgement::Kind::other) {
    judgement.kind = Judgement::Kind::up;
    judgement.message = error == nullptr
                            ? "a CIM server that answers without a login"
                            : "a CIM server that refuses the operation (" + clean(*error) + ")";
  }
  return judgement;
}

Judgement judge_winrm(const net::HttpResponse& response) {
  const std::string* type = response.header("Content-Type");
  const bool soap =
      type != nullptr && same_word(type->substr(0, type->find(';')), "application/soap+xml");
  Judgement judgement = judge_status(response, "a WS-Management service", soap);
  if (soap && response.status == 200 && response.body.contains("IdentifyResponse>")) {
    judgement.kind = Judgement::Kind::up;
    const std::string_view vendor = element_text(response.body, "ProductVendor");
    judgement.facts.add("product_vendor", clean(vendor));
    judgement.facts.add("product_version", clean(element_text(response.body, "ProductVersion")));
    judgement.facts.add("protocol_version", clean(element_text(response.body, "ProtocolVersion")));
    judgement.message = "a WS-Management service" + (vendor.empty() ? "" : " of " + clean(vendor));
  } else if (judgement.kind == Judgement::Kind::other && (soap || response.status == 405)) {
    judgement.kind = Judgement::Kind::up;
    judgement.message =
        "a WS-Management service that does not identify itself (" + response.title() + ")";
  }
  return judgement;
}

}  // namespace wbem

namespace {

constexpr net::HttpLimits kLimits{.head = std::size_t{64} * 1024, .body = std::size_t{16} * 1024};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One of the two protocols.
struct Dialect {
  std::string_view name;  ///< for messages
  std::string_view path;
  std::string_view body;
  std::uint16_t secure_port;
  Headers (*headers)();
  wbem::Judgement (*judge)(const net::HttpResponse&);
};

/// DSP0200, 7.2; the operation is intrinsic and reads names only (5.4.2.12). The namespace is where
/// a server describes itself (DSP1033).
constexpr Dialect kCim{
    .name = "CIM-XML",
    .path = "/cimom",
    .body =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\"><MESSAGE ID=\"1\" PROTOCOLVERSION=\"1.0\">"
        "<SIMPLEREQ><IMETHODCALL NAME=\"EnumerateInstanceNames\"><LOCALNAMESPACEPATH>"
        "<NAMESPACE NAME=\"interop\"/></LOCALNAMESPACEPATH><IPARAMVALUE NAME=\"ClassName\">"
        "<CLASSNAME NAME=\"CIM_ObjectManager\"/></IPARAMVALUE></IMETHODCALL></SIMPLEREQ>"
        "</MESSAGE></CIM>\n",
    .secure_port = 5989,
    .headers =
        [] {
          return Headers{{"Content-Type", "application/xml; charset=\"utf-8\""},
                         {"CIMOperation", "MethodCall"},
                         {"CIMMethod", "EnumerateInstanceNames"},
                         {"CIMObject", "interop"}};
        },
    .judge = &wbem::judge_cim};

constexpr Dialect kWinrm{
    .name = "WS-Management",
    .path = "/wsman",
    .body =
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
        "xmlns:wsmid=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\">"
        "<s:Header/><s:Body><wsmid:Identify/></s:Body></s:Envelope>",
    .secure_port = 5986,
    .headers =
        [] {
          return Headers{{"Content-Type", "application/soap+xml;charset=UTF-8"},
                         {"WSMANIDENTIFY", "unauthenticated"}};
        },
    .judge = &wbem::judge_winrm};

class WbemProbe final : public Probe {
 public:
  WbemProbe(const Dialect& dialect, net::SecureDialOptions options)
      : dialect_(dialect), options_(std::move(options)) {}

  asio::awaitable<Outcome> run(ProbeRun run) const override {
    auto dialed =
        co_await net::dial(run, options_.dial, run.target.host, run.target.port, run.endpoint);
    if (!dialed) {
      co_return failed(run, std::move(dialed.error()));
    }
    run.progress.enter(Phase::request);
    const net::HttpRequest request = make_request(run.target);
    auto response =
        co_await net::exchange(*dialed->stream, request, kLimits, Phase::request, run.deadline);
    if (!response) {
      Outcome outcome = failed(run, std::move(response.error()));
      outcome.tls = dialed->tls;
      co_return outcome;
    }
    co_return judged(run, *response, dialed->tls);
  }

  bool wants_address() const noexcept override { return options_.dial.proxy == nullptr; }

 private:
  net::HttpRequest make_request(const Target& target) const {
    net::HttpRequest request;
    request.method = "POST";
    request.target = dialect_.path;
    request.body = dialect_.body;
    const auto add = [&request](std::string name, std::string value) {
      request.headers.emplace_back(std::move(name), Secret(std::move(value)));
    };
    add("Host", net::authority(target.host, target.port));
    add("User-Agent", net::user_agent());
    for (auto& [name, value] : dialect_.headers()) {
      add(name, value);
    }
    return request;
  }

  Outcome judged(const ProbeRun& run, const net::HttpResponse& response,
                 std::shared_ptr<const TlsFacts> tls) const {
    Outcome outcome = net::judged(run, options_.tls.get(), tls);
    if (response.client_certificate_required) {
      if (outcome.success()) {
        outcome.message = "the server demands a client certificate, which proves it";
      }
      return outcome;
    }
    wbem::Judgement judgement = dialect_.judge(response);
    if (judgement.kind == wbem::Judgement::Kind::other && outcome.success()) {
      outcome = failed(run, Failure{Reason::protocol_mismatch, {}, 0, std::nullopt});
      outcome.tls = std::move(tls);
    }
    outcome.facts = std::make_shared<const Facts>(std::move(judgement.facts));
    if (outcome.success() || outcome.reason == Reason::protocol_mismatch) {
      outcome.degraded = judgement.kind == wbem::Judgement::Kind::degraded;
      outcome.message = std::move(judgement.message);
    }
    return outcome;
  }

  const Dialect& dialect_;
  net::SecureDialOptions options_;
};

template <const Dialect& kDialect>
std::shared_ptr<const Probe> make(const Target& target, Reader& params) {
  const bool secure = target.scheme == "https" || target.port == kDialect.secure_port;
  return std::make_shared<WbemProbe>(
      kDialect,
      net::read_secure_dial(params, target, secure ? net::Security::tls : net::Security::none,
                            false, net::TlsOptions::Verify::strict));
}

}  // namespace

ProbeType cim_probe_type() {
  return {.name = "cim",
          .summary = "a CIM server answers CIM-XML over HTTP, without a login",
          .transport = Transport::tcp,
          .default_port = 5989,
          .needs_port = true,
          .make = &make<kCim>};
}

ProbeType winrm_probe_type() {
  return {.name = "winrm",
          .summary = "a WS-Management service such as WinRM answers, without a login",
          .transport = Transport::tcp,
          .default_port = 5985,
          .needs_port = true,
          .make = &make<kWinrm>};
}

}  // namespace reachd
