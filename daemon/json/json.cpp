#include "daemon/json/json.hpp"

#include <variant>

namespace reachd::json {
namespace {

template <typename... Parts>
struct Overloaded : Parts... {
  using Parts::operator()...;
};

void write_timings(Writer& out, const Timings& timings) {
  out.begin_object();
  for (const Phase phase :
       {Phase::resolve, Phase::connect, Phase::proxy, Phase::tls, Phase::request}) {
    out.member(to_string(phase), timings[phase]);
  }
  out.member("total", timings.total).end_object();
}

void write_attempt(Writer& out, const Attempt& attempt) {
  out.begin_object();
  if (attempt.endpoint) {
    out.member("address", attempt.endpoint->address.to_string());
  } else {
    out.key("address").null();
  }
  if (attempt.endpoint && attempt.endpoint->port != 0) {
    out.member("port", attempt.endpoint->port);
  } else {
    out.key("port").null();
  }
  out.member("success", attempt.success()).member("reason", to_string(attempt.reason));
  out.key("phase").value_or_null(to_string(attempt.phase));
  if (attempt.error_number != 0) {
    out.member("errno", attempt.error_number);
  } else {
    out.key("errno").null();
  }
  if (attempt.offender) {
    out.member("offender", attempt.offender->to_string());
  } else {
    out.key("offender").null();
  }
  out.member("seconds", attempt.duration).end_object();
}

void write_strings(Writer& out, std::string_view key, const std::vector<std::string>& texts) {
  out.key(key).begin_array();
  for (const std::string& text : texts) {
    out.value(text);
  }
  out.end_array();
}

void write_revocation(Writer& out, const RevocationFacts& revocation) {
  out.begin_object().member("status", to_string(revocation.status));
  out.key("source").value_or_null(to_string(revocation.source));
  out.member("subject", revocation.subject);
  out.key("message").value_or_null(revocation.message);
  if (revocation.status == RevocationStatus::unknown) {
    out.key("until").null();
  } else {
    out.member("until", revocation.until);
  }
  out.end_object();
}

void write_tls(Writer& out, const TlsFacts& tls) {
  out.begin_object();
  out.member("version", tls.version).member("cipher", tls.cipher);
  out.member("judgement", to_string(tls.judgement));
  out.key("judgement_message").value_or_null(tls.judgement_message);
  if (tls.revocation) {
    out.key("revocation");
    write_revocation(out, *tls.revocation);
  } else {
    out.key("revocation").null();
  }
  out.key("chain").begin_array();
  for (std::size_t index = 0; index < tls.chain.size(); ++index) {
    write_certificate(out, tls.chain[index], index == 0 ? "leaf" : "chain");
  }
  out.end_array().end_object();
}

void write_http(Writer& out, const HttpFacts& http) {
  out.key("http").begin_object();
  out.member("status", http.status).member("version", http.version);
  out.member("body_bytes", http.body_bytes).member("redirects", http.redirects);
  out.key("final_url").value_or_null(http.final_url);
  out.member("clock_offset", http.clock_offset).end_object();
}

void write_dns(Writer& out, const DnsFacts& dns) {
  out.key("dns").begin_object().member("rcode", dns.rcode);
  out.key("answers").begin_array();
  for (const std::string& answer : dns.answers) {
    out.value(answer);
  }
  out.end_array().member("answer_count", dns.answer_count);
  out.member("authority_count", dns.authority_count);
  out.member("additional_count", dns.additional_count);
  out.member("over_tcp", dns.over_tcp).end_object();
}

void write_icmp(Writer& out, const IcmpFacts& icmp) {
  out.key("icmp").begin_object().member("sent", icmp.sent).member("received", icmp.received);
  out.member("fastest", icmp.fastest).member("slowest", icmp.slowest).end_object();
}

void write_listen(Writer& out, const ListenFacts& listen) {
  out.key("listen").begin_object().key("listeners").begin_array();
  for (const Endpoint& endpoint : listen.listeners) {
    out.value(endpoint.to_string());
  }
  out.end_array();
  out.key("owner").value_or_null(listen.owner).end_object();
}

void write_service(Writer& out, const ServiceFacts& service) {
  out.key("service").begin_object();
  for (const auto& [key, text] : service.details) {
    out.member(key, text);
  }
  out.member("clock_offset", service.clock_offset).end_object();
}

void write_facts(Writer& out, const Facts& facts) {
  std::visit(
      Overloaded{[](std::monostate) {}, [&](const HttpFacts& http) { write_http(out, http); },
                 [&](const DnsFacts& dns) { write_dns(out, dns); },
                 [&](const IcmpFacts& icmp) { write_icmp(out, icmp); },
                 [&](const ListenFacts& listen) { write_listen(out, listen); },
                 [&](const ServiceFacts& service) { write_service(out, service); }},
      facts);
}

void write_hop(Writer& out, const Hop& hop) {
  out.begin_object().member("hop", hop.number);
  if (hop.address) {
    out.member("address", hop.address->to_string()).member("seconds", hop.duration);
  } else {
    out.key("address").null().key("seconds").null();
  }
  out.end_object();
}

/// The keys of a plan row, without the braces.
void write_plan_keys(Writer& out, const config::Plan& plan, const config::Check& check,
                     config::Severity severity) {
  const config::ProbeSpec& spec = plan.probes[check.probe];
  out.member("check", check.id).member("name", check.name).member("product", *check.product);
  out.key("requirement").value_or_null(config::requirement_id(check));
  out.member("necessity", to_string(check.necessity)).member("in_use", check.in_use);
  out.member("evidence", to_string(check.evidence)).member("severity", to_string(severity));
  out.member("direction", to_string(check.direction)).member("probe", spec.type->name);
  out.member("target", spec.target.text);
  out.key("host").value_or_null(spec.target.host);
  if (spec.target.port != 0) {
    out.member("port", spec.target.port);
  } else {
    out.key("port").null();
  }
  out.member("transport", to_string(config::transport(check, spec)));
  out.key("device").value_or_null(check.device);
  out.key("device_type")
      .value_or_null(check.device_type ? std::string_view(*check.device_type) : std::string_view());
  out.key("purpose").value_or_null(config::purpose(check));
  out.member("interval", check.timing->interval);
  out.key("note").value_or_null(check.note);
  write_strings(out, "depends_on", check.depends_on);
  out.key("labels").begin_object();
  if (check.labels) {
    for (const auto& [name, value] : *check.labels) {
      out.member(name, value);
    }
  }
  out.end_object();
}

/// The keys that every row with a verdict begins with, without the braces.
void write_status_keys(Writer& out, const config::Plan& plan, const config::Check& check,
                       const engine::CheckStatus& status) {
  write_plan_keys(out, plan, check, config::severity(check, status.has_been_up));
  out.member("state", to_string(status.verdict));
  out.key("why").value_or_null(status.why);
}

void write_result_or_null(Writer& out, const config::Plan& plan, const config::Check& check,
                          const Outcome* result) {
  out.key("result");
  if (result != nullptr) {
    write_result(out, plan.probes[check.probe], *result);
  } else {
    out.null();
  }
}

}  // namespace

void write_certificate(Writer& out, const CertificateFacts& certificate,
                       std::string_view position) {
  out.begin_object();
  out.member("subject", certificate.subject).member("issuer", certificate.issuer);
  write_strings(out, "names", certificate.names);
  out.member("not_before", certificate.not_before).member("not_after", certificate.not_after);
  out.member("fingerprint_sha256", certificate.fingerprint_sha256);
  write_strings(out, "ocsp_urls", certificate.ocsp_urls);
  write_strings(out, "issuer_urls", certificate.issuer_urls);
  write_strings(out, "crl_urls", certificate.crl_urls);
  out.member("position", position).end_object();
}

void write_path(Writer& out, const Path& path) {
  out.begin_object().member("target", path.target.to_string()).member("time", path.time);
  out.member("end", to_string(path.end)).member("reached", path.end == Path::End::reached);
  out.key("hops").begin_array();
  for (const Hop& hop : path.hops) {
    write_hop(out, hop);
  }
  out.end_array().key("last_hop");
  if (path.last_hop() != nullptr) {
    write_hop(out, *path.last_hop());
  } else {
    out.null();
  }
  out.key("offender");
  if (path.offender) {
    out.value(path.offender->to_string());
  } else {
    out.null();
  }
  out.member("message", path.message).end_object();
}

void write_result(Writer& out, const config::ProbeSpec& spec, const Outcome& outcome) {
  out.begin_object();
  out.member("probe", spec.type->name).member("target", spec.target.text);
  out.member("time", outcome.time).member("success", outcome.success());
  out.member("degraded", outcome.degraded).member("reason", to_string(outcome.reason));
  out.key("phase").value_or_null(to_string(outcome.phase));
  out.key("message").value_or_null(outcome.message);
  out.key("timings");
  write_timings(out, outcome.timings);
  out.key("attempts").begin_array();
  for (const Attempt& attempt : outcome.attempts) {
    write_attempt(out, attempt);
  }
  out.end_array().key("certificate");
  if (outcome.tls && !outcome.tls->chain.empty()) {
    write_certificate(out, outcome.tls->chain.front(), "leaf");
  } else {
    out.null();
  }
  if (outcome.tls) {
    out.key("tls");
    write_tls(out, *outcome.tls);
  }
  if (outcome.facts) {
    write_facts(out, *outcome.facts);
  }
  if (outcome.path) {
    out.key("path");
    write_path(out, *outcome.path);
  }
  out.end_object();
}

void write_plan_row(Writer& out, const config::Plan& plan, const config::Check& check) {
  out.begin_object();
  write_plan_keys(out, plan, check, config::severity(check, false));
  out.end_object();
}

void write_check_row(Writer& out, const config::Plan& plan, const config::Check& check,
                     const engine::CheckStatus& status) {
  out.begin_object();
  write_status_keys(out, plan, check, status);
  write_result_or_null(out, plan, check, status.last.get());
  out.end_object();
}

void write_check_status(Writer& out, const config::Plan& plan, const config::Check& check,
                        const engine::CheckStatus& status) {
  out.begin_object();
  write_status_keys(out, plan, check, status);
  out.member("last_change", status.last_change);
  out.key("suppressed_by").begin_array();
  for (const engine::Modifier modifier : engine::held_by(status.modifiers)) {
    out.value(to_string(modifier));
  }
  out.end_array();
  out.member("probes", status.probes).member("failures", status.failures);
  out.key("results").begin_object();
  for (const auto& [reason, count] : status.results) {
    out.member(to_string(reason), count);
  }
  out.end_object().key("path");
  if (status.path) {
    write_path(out, *status.path);
  } else {
    out.null();
  }
  write_result_or_null(out, plan, check, status.last.get());
  out.end_object();
}

void write_requirement(Writer& out, const config::Requirement& requirement) {
  out.begin_object();
  out.member("id", requirement.id).member("product", requirement.product);
  if (requirement.table.empty()) {
    out.member("ref", requirement.ref);
  } else {
    out.member("table", requirement.table);
  }
  write_strings(out, "device_type", requirement.device_types);
  out.member("purpose", requirement.purpose);
  out.member("direction", to_string(requirement.direction));
  out.key("from").value_or_null(requirement.from);
  out.key("to").value_or_null(requirement.to);
  out.key("transport");
  if (requirement.transport) {
    out.value(to_string(*requirement.transport));
  } else {
    out.null();
  }
  out.key("protocol").value_or_null(requirement.protocol);
  out.key("port").value_or_null(requirement.port);
  out.member("fixed", requirement.fixed).member("necessity", to_string(requirement.necessity));
  out.key("condition").value_or_null(requirement.condition);
  out.member("evidence", to_string(requirement.evidence));
  out.key("evidence_by").begin_object();
  for (const auto& [key, level] : requirement.evidence_by) {
    out.member(key, to_string(level));
  }
  out.end_object().key("hosts").begin_object();
  for (const auto& [region, hosts] : requirement.hosts) {
    write_strings(out, region, hosts);
  }
  out.end_object();
  out.key("path").value_or_null(requirement.path);
  out.key("deployment").value_or_null(requirement.deployment);
  out.key("feature").value_or_null(requirement.feature);
  out.key("probe").value_or_null(requirement.probe);
  out.key("tls").value_or_null(requirement.tls);
  out.member("enabled", requirement.enabled);
  write_strings(out, "sources", requirement.sources);
  out.end_object();
}

void write_validation(Writer& out, const Diagnostics& diagnostics) {
  out.begin_object().member("valid", diagnostics.ok()).key("errors").begin_array();
  for (const Diagnostic& error : diagnostics.errors()) {
    out.begin_object();
    out.key("file").value_or_null(error.place.file ? std::string_view(*error.place.file)
                                                   : std::string_view());
    out.member("line", error.place.line).member("column", error.place.column);
    out.member("message", error.message).end_object();
  }
  out.end_array();
  if (diagnostics.count() > diagnostics.errors().size()) {
    out.member("more", diagnostics.count() - diagnostics.errors().size());
  }
  out.end_object();
}

}  // namespace reachd::json
