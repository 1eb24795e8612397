#include <array>
#include <utility>

#include "probes/core/target.hpp"
#include "probes/net/tls.hpp"

namespace reachd::net {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 4> kVersions{
    {{"1.0", 0x0301}, {"1.1", 0x0302}, {"1.2", 0x0303}, {"1.3", 0x0304}}};
constexpr std::array<std::pair<std::string_view, TlsOptions::Verify>, 2> kVerify{
    {{"strict", TlsOptions::Verify::strict}, {"observe", TlsOptions::Verify::observe}}};

constexpr std::array<std::pair<std::string_view, TlsOptions::Revocation>, 3> kRevocation{
    {{"off", TlsOptions::Revocation::off},
     {"soft", TlsOptions::Revocation::soft},
     {"hard", TlsOptions::Revocation::hard}}};

}  // namespace

std::shared_ptr<const TlsOptions> read_tls(Reader& params, TlsOptions::Verify fallback) {
  static const Value kNothing;
  const Value* map = params.raw("tls");
  Reader reader(map == nullptr ? kNothing : *map, params.diagnostics(), params.what() + " tls");
  auto options = std::make_shared<TlsOptions>();
  options->verify = reader.choice<TlsOptions::Verify>("verify", fallback, kVerify);
  const bool strict = options->verify == TlsOptions::Verify::strict;
  options->revocation = reader.choice<TlsOptions::Revocation>(
      "revocation", strict ? TlsOptions::Revocation::soft : TlsOptions::Revocation::off,
      kRevocation);
  options->server_name = reader.text("server_name");
  options->ca_file = reader.readable_file("ca_file").value_or("");
  options->certificate_file = reader.readable_file("certificate_file").value_or("");
  options->key_file = reader.readable_file("key_file").value_or("");
  options->expected_issuers = reader.texts("expected_issuers");
  options->usual_issuers = reader.texts("usual_issuers");
  options->min_version = reader.choice<std::uint16_t>("min_version", 0x0303, kVersions);
  options->max_version = reader.choice<std::uint16_t>("max_version", 0, kVersions);
  if (!options->server_name.empty() && !is_host(options->server_name) &&
      !IpAddress::parse(options->server_name)) {
    reader.error("server_name", "server_name is a host name or an address");
  }
  if (options->max_version != 0 && options->max_version < options->min_version) {
    reader.error("max_version", "max_version is below min_version");
  }
  if (!options->key_file.empty() && options->certificate_file.empty()) {
    reader.error("key_file", "key_file needs certificate_file");
  }
  reader.done();
  return options;
}

std::optional<Failure> tls_verdict(const TlsOptions& options, const TlsFacts& facts) {
  if (options.verify == TlsOptions::Verify::observe || facts.judgement == Reason::ok) {
    return std::nullopt;
  }
  return Failure{facts.judgement, facts.judgement_message, 0, std::nullopt};
}

}  // namespace reachd::net
