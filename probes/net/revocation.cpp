#include "probes/net/revocation.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/net/certificate.hpp"
#include "probes/net/crl.hpp"
#include "probes/net/fetch.hpp"
#include "probes/net/ocsp.hpp"
#include "probes/net/revocation_cache.hpp"
#include "probes/net/trust.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMostCertificates = 8;
constexpr std::size_t kMostUrls = 2;
constexpr std::size_t kLongestMessage = 512;
/// Longer lists are read on a thread of their own: a loop stands still for 50 ms a MiB.
constexpr std::size_t kQuickList = std::size_t{128} * 1024;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// Empty if OpenSSL fails.
std::string sha256_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return {};
  }
  return {digest.data(), digest.data() + size};
}

/// Ends the time for revocation with the probe's: at a stop, at a reload.
class EndTogether final : public Abortable {
 public:
  explicit EndTogether(Deadline& deadline) noexcept : deadline_(deadline) {}
  void abort() noexcept override { deadline_.stop(); }

 private:
  Deadline& deadline_;
};

using Certificate = std::shared_ptr<X509>;

/// Holds what it reads: it may run on another thread.
asio::awaitable<RevocationReading> read_list(std::shared_ptr<const std::string> list,
                                             Certificate certificate, Certificate issuer,
                                             WallTime now) {
  co_return read_crl(bytes_of(*list), {certificate.get(), issuer.get()}, now);
}

/// Asks about one certificate, source by source.
class Inquiry {
 public:
  Inquiry(ProbeRun& run, const DialOptions& way, Certificate certificate, Certificate issuer)
      : run_(run),
        way_(way),
        cache_(run.network.trust.revocations()),
        certificate_(std::move(certificate)),
        issuer_(std::move(issuer)),
        key_(sha256_of(certificate_.get())) {}

  asio::awaitable<RevocationFinding> ask(const std::string& staple) {
    const auto known = cache_.find(key_, now());
    if (known && known->revoked) {
      co_return found(*known);
    }
    if (!staple.empty()) {
      const auto reading = read_ocsp(bytes_of(staple), issued(), now());
      if (reading) {
        co_return settled(*reading, RevocationSource::stapled);
      }
      note("stapled", reading.error());
    }
    if (known) {
      co_return found(*known);
    }
    auto fetched = co_await ask_around();
    co_return fetched;
  }

 private:
  IssuedCertificate issued() const { return {certificate_.get(), issuer_.get()}; }
  bool no_time_left() const { return run_.deadline.ended() != Deadline::Ended::no; }
  WallTime now() const { return run_.network.clock.wall_now(); }

  asio::awaitable<RevocationFinding> ask_around() {
    const CertificateFacts facts = certificate_facts(certificate_.get());
    for (const std::string& url : few(facts.ocsp_urls)) {
      const auto reading = co_await ask_responder(url);
      if (reading) {
        co_return settled(*reading, RevocationSource::ocsp);
      }
      note(url, reading.error());
    }
    for (const std::string& url : few(facts.crl_urls)) {
      const auto reading = co_await ask_list(url);
      if (reading) {
        co_return settled(*reading, RevocationSource::crl);
      }
      note(url, reading.error());
    }
    if (why_.empty()) {
      why_ = "it names nobody to ask";
    }
    RevocationFinding unknown;
    unknown.facts.subject = subject_text(certificate_.get());
    unknown.facts.message = "whether " + unknown.facts.subject + " is revoked is unknown: " + why_;
    unknown.facts.message.resize(std::min(unknown.facts.message.size(), kLongestMessage));
    unknown.local_fault = std::move(local_fault_);
    co_return unknown;
  }

  static std::vector<std::string> few(const std::vector<std::string>& urls) {
    return {urls.begin(),
            urls.begin() + static_cast<std::ptrdiff_t>(std::min(urls.size(), kMostUrls))};
  }

  asio::awaitable<RevocationReading> ask_responder(const std::string& url) {
    const std::string question = question_to(url);
    if (auto failed_before = cache_.find_failure(question, now())) {
      co_return std::unexpected(std::move(*failed_before));
    }
    if (no_time_left()) {
      co_return std::unexpected("no time was left to ask");
    }
    const std::string request = make_ocsp_request(issued());
    const auto target = parse_target(url);
    if (!target || request.empty()) {
      co_return std::unexpected("can't be asked");
    }
    FetchRequest get{.url = *target, .most = kLargestOcsp};
    get.url.path = ocsp_get_path(target->path, request);
    auto answer = co_await fetch(run_, way_, get);
    if (!answer && answer.error().reason == Reason::http_status) {
      // GET is optional for a responder, POST is not (RFC 6960, A.1).
      FetchRequest post{.url = *target,
                        .method = "POST",
                        .body = request,
                        .content_type = "application/ocsp-request",
                        .most = kLargestOcsp};
      answer = co_await fetch(run_, way_, post);
    }
    if (!answer) {
      co_return std::unexpected(keep_failure(question, answer.error()));
    }
    auto reading = read_ocsp(bytes_of(*answer), issued(), now());
    if (!reading) {
      cache_.keep_failure(question, reading.error(), now());
    }
    co_return reading;
  }

  asio::awaitable<RevocationReading> ask_list(const std::string& url) {
    const std::string question = question_to(url);
    if (auto failed_before = cache_.find_failure(question, now())) {
      co_return std::unexpected(std::move(*failed_before));
    }
    if (no_time_left()) {
      co_return std::unexpected("no time was left to ask");
    }
    auto list = cache_.find_list(url, now());
    const bool kept = list != nullptr;
    if (!kept) {
      const auto target = parse_target(url);
      if (!target) {
        co_return std::unexpected("can't be asked");
      }
      const FetchRequest get{.url = *target, .most = kLargestCrl};
      auto answer = co_await fetch(run_, way_, get);
      if (!answer) {
        co_return std::unexpected(keep_failure(question, answer.error()));
      }
      list = std::make_shared<const std::string>(std::move(*answer));
    }
    const RevocationCache::Place place(cache_);
    if (list->size() > kQuickList && (!place || no_time_left())) {
      co_return std::unexpected("no time was left to read the list");
    }
    auto reading = co_await read(list);
    if (!reading) {
      cache_.keep_failure(question, reading.error(), now());
    } else if (!kept) {
      cache_.keep_list(url, list, reading->until, now());
    }
    co_return reading;
  }

  asio::awaitable<RevocationReading> read(const std::shared_ptr<const std::string>& list) {
    auto reading = read_list(list, certificate_, issuer_, now());
    if (list->size() <= kQuickList) {
      auto here = co_await std::move(reading);
      co_return here;
    }
    auto there =
        co_await asio::co_spawn(cache_.reading_thread(), std::move(reading), asio::use_awaitable);
    co_return there;
  }

  /// A failure counts for who asked whom, by which way, about what.
  std::string question_to(const std::string& url) const {
    return key_ + url + (way_.proxy ? " by " + way_.proxy->title() : "");
  }

  /// Faults of this host and the end of the daemon say nothing of the other side.
  std::string keep_failure(const std::string& question, const Failure& failure) {
    std::string why =
        failure.message.empty() ? std::string(describe(failure.reason)) : failure.message;
    if (is_local_fault(failure.reason)) {
      local_fault_ = failure;
    } else if (run_.deadline.ended() != Deadline::Ended::stopped) {
      cache_.keep_failure(question, why, now());
    }
    return why;
  }

  void note(const std::string& source, const std::string& why) {
    log_step(run_, [&] { return "revocation, " + source + ": " + why; });
    why_ += (why_.empty() ? "" : "; ") + source + ": " + why;
  }

  RevocationFinding settled(const RevocationAnswer& answer, RevocationSource source) {
    const KnownRevocation known{answer.revoked, source, answer.message, answer.until};
    // A stapled "good" comes again with the next handshake.
    if (answer.revoked || source != RevocationSource::stapled) {
      cache_.keep(key_, known, now());
    }
    return found(known);
  }

  RevocationFinding found(const KnownRevocation& known) const {
    RevocationFinding finding;
    finding.facts.status = known.revoked ? RevocationStatus::revoked : RevocationStatus::good;
    finding.facts.source = known.source;
    finding.facts.subject = subject_text(certificate_.get());
    finding.facts.message = known.message;
    finding.facts.until = known.until;
    return finding;
  }

  ProbeRun& run_;
  const DialOptions& way_;
  RevocationCache& cache_;
  Certificate certificate_;
  Certificate issuer_;
  std::string key_;
  std::string why_;
  std::optional<Failure> local_fault_;
};

asio::awaitable<RevocationFinding> ask_all(ProbeRun& run, const DialOptions& way,
                                           const VerifiedChain& chain) {
  const auto& certificates = chain.certificates;
  const std::size_t below_anchor = certificates.size() - 1;
  RevocationFinding worst;
  for (std::size_t i = 0; i < std::min(below_anchor, kMostCertificates); ++i) {
    Inquiry inquiry(run, way, certificates[i], certificates[i + 1]);
    // The response that is stapled to a handshake is about the leaf.
    const std::string staple = i == 0 ? chain.staple : std::string();
    auto finding = co_await inquiry.ask(staple);
    log_step(run, [&] {
      return "revocation of " + finding.facts.subject + ": " +
             std::string(to_string(finding.facts.status)) +
             (finding.facts.source == RevocationSource::none
                  ? ""
                  : " (" + std::string(to_string(finding.facts.source)) + ")");
    });
    if (finding.facts.status == RevocationStatus::revoked) {
      co_return finding;
    }
    const bool still_good = worst.facts.status == RevocationStatus::good;
    if (i == 0 || (still_good && finding.facts.status == RevocationStatus::unknown)) {
      worst = std::move(finding);
    } else if (still_good) {
      worst.facts.until = std::min(worst.facts.until, finding.facts.until);
    }
  }
  co_return worst;
}

}  // namespace

asio::awaitable<RevocationFinding> find_revocation(ProbeRun& run, const DialOptions& way,
                                                   const TlsOptions& options,
                                                   const VerifiedChain& chain) {
  const TimePoint now = run.network.clock.steady_now();
  const Duration left = std::max(run.deadline.expiry() - now, Duration::zero());
  const bool hard = options.revocation == TlsOptions::Revocation::hard;
  Deadline deadline(run.network.deadlines, now + left / (hard ? 2 : 3));
  EndTogether end_together(deadline);
  const Watch watch = run.deadline.watch(end_together);
  Progress progress(run.network.clock);
  ProbeRun inner{run.target, run.endpoint, run.name_servers, run.network,
                 deadline,   progress,     run.log};
  auto finding = co_await ask_all(inner, way, chain);
  co_return finding;
}

void judge_revocation(TlsFacts& facts, RevocationFinding finding, const TlsOptions& options) {
  const bool unknown = finding.facts.status == RevocationStatus::unknown;
  if (facts.judgement != Reason::ok) {
    // The first that is wrong stays the reason.
  } else if (finding.facts.status == RevocationStatus::revoked) {
    facts.judgement = Reason::tls_revoked;
    facts.judgement_message = finding.facts.message;
  } else if (unknown && options.revocation == TlsOptions::Revocation::hard) {
    facts.judgement = finding.local_fault ? finding.local_fault->reason : Reason::tls_untrusted;
    facts.judgement_message = finding.facts.message;
  }
  facts.revocation = std::move(finding.facts);
}

}  // namespace reachd::net
