#include "daemon/blackbox/tls_samples.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "probes/net/certificate_words.hpp"

namespace reachd::blackbox {
namespace {

/// 1 January of the year 1, what Go says of a time that was never set.
constexpr double kNever = -62135596800;

double unix_time(WallTime time) noexcept {
  return static_cast<double>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// "TLSv1.3" as "TLS 1.3", and OpenSSL's "TLSv1" as "TLS 1.0".
std::string version_word(const std::string& version) {
  if (version == "TLSv1") {
    return "TLS 1.0";
  }
  return version.starts_with("TLSv") ? "TLS " + version.substr(4) : "unknown";
}

}  // namespace

std::expected<net::TlsOptions, std::string> tls_options(const config::blackbox::TlsConfig& config) {
  net::TlsOptions options;
  options.verify = config.insecure_skip_verify ? net::TlsOptions::Verify::observe
                                               : net::TlsOptions::Verify::strict;
  options.server_name = config.server_name;
  options.min_version = config.min_version;
  options.max_version = config.max_version;
  const auto read = [](const config::blackbox::Source& source, std::string& into) {
    std::string problem;
    if (source.given()) {
      auto text = read_source(source, false);
      if (text) {
        into = text->reveal();
      } else {
        problem = std::move(text.error());
      }
    }
    return problem;
  };
  std::string key;
  for (std::string problem : {read(config.ca, options.ca_pem),
                              read(config.cert, options.certificate_pem), read(config.key, key)}) {
    if (!problem.empty()) {
      return std::unexpected(std::move(problem));
    }
  }
  options.key_pem = Secret(std::move(key));
  return options;
}

void add_tls_samples(Samples& samples, const net::TlsOptions& options,
                     const net::TlsConnected& connected) {
  const TlsFacts& facts = *connected.facts;
  samples.set_info(Family::tls_version_info, {{"version", version_word(facts.version)}});
  samples.set_info(Family::tls_cipher_info, {{"cipher", facts.cipher}});
  if (facts.chain.empty() || connected.leaf == nullptr) {
    return;
  }
  const WallTime earliest =
      std::ranges::min_element(facts.chain, {}, &CertificateFacts::not_after)->not_after;
  samples.set(Family::ssl_earliest_cert_expiry, unix_time(earliest));
  const bool verifying = options.verify == net::TlsOptions::Verify::strict;
  if (!verifying) {
    samples.set(Family::ssl_last_chain_expiry_timestamp_seconds, kNever);
  } else if (facts.trusted_end) {
    samples.set(Family::ssl_last_chain_expiry_timestamp_seconds,
                unix_time(facts.trusted_end->not_after));
  }
  const net::CertificateWords words = net::certificate_words(connected.leaf.get());
  samples.set_info(Family::ssl_last_chain_info,
                   {{"fingerprint_sha256", facts.chain.front().fingerprint_sha256},
                    {"issuer", words.issuer},
                    {"serialnumber", words.serial},
                    {"subject", words.subject},
                    {"subjectalternative", words.dns_names}});
}

std::string tls_complaint(const net::TlsOptions& options, const net::TlsConnected& connected) {
  const TlsFacts& facts = *connected.facts;
  const bool counts =
      options.verify == net::TlsOptions::Verify::strict || facts.judgement == Reason::tls_version;
  return counts && facts.judgement != Reason::ok ? facts.judgement_message : std::string();
}

asio::awaitable<std::unique_ptr<net::Stream>> secure(Run& run,
                                                     std::unique_ptr<net::Stream> transport,
                                                     const config::blackbox::TlsConfig& config,
                                                     std::string host) {
  const auto options = tls_options(config);
  if (!options) {
    log_line(run, [&] { return options.error(); });
    co_return nullptr;
  }
  auto connected =
      co_await net::start_tls(std::move(transport), *options, host, run.network, run.deadline);
  if (!connected) {
    log_line(run, [&] { return "the TLS handshake failed: " + connected.error().message; });
    co_return nullptr;
  }
  add_tls_samples(run.samples, *options, *connected);
  if (connected->demanded) {
    log_line(run, [] { return std::string("the server demands a client certificate"); });
    co_return nullptr;
  }
  const std::string complaint = tls_complaint(*options, *connected);
  log_line(run, [&] {
    return connected->facts->version + " with " + connected->facts->cipher +
           (complaint.empty() ? "" : ", but " + complaint);
  });
  if (!complaint.empty()) {
    co_return nullptr;
  }
  co_return std::move(connected->stream);
}

}  // namespace reachd::blackbox
