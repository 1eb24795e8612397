#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "probes/core/address.hpp"
#include "probes/core/clock.hpp"
#include "probes/core/path.hpp"
#include "probes/core/reason.hpp"

namespace reachd {

/// How long each phase took, and the whole; a phase that did not take place has none. Redirects add
/// up.
struct Timings {
  std::array<std::optional<Duration>, kPhaseCount> phases{};  ///< by Phase; `none` is never set
  Duration total{};

  std::optional<Duration>& operator[](Phase phase) {
    return phases[static_cast<std::size_t>(phase)];
  }
  const std::optional<Duration>& operator[](Phase phase) const {
    return phases[static_cast<std::size_t>(phase)];
  }
};

/// What one address answered.
struct Attempt {
  std::optional<Endpoint>
      endpoint;  ///< none: no address was reached (a name that a proxy resolves, a listen probe)
  Reason reason = Reason::ok;
  Phase phase = Phase::none;
  int error_number = 0;  ///< errno or WSA error of the failing call, 0 if none
  std::optional<IpAddress>
      offender;  ///< who sent the ICMP error: the firewall or router in the way
  WallTime time{};
  Duration duration{};

  bool success() const noexcept { return reason == Reason::ok; }
};

/// One certificate of the chain that the server sent, the leaf first. Kept when verification fails.
struct CertificateFacts {
  std::string subject;  ///< RFC 2253
  std::string issuer;
  std::vector<std::string> names;  ///< subjectAltName: DNS names and addresses
  WallTime not_before{};
  WallTime not_after{};
  std::string fingerprint_sha256;  ///< lower-case hex
  /// Where it says that its revocation and its issuer can be asked: `http` URLs, at most 4 a kind,
  /// each at most 512 printable ASCII characters (RFC 5280, 4.2.1.13 and 4.2.2.1).
  std::vector<std::string> ocsp_urls{};
  std::vector<std::string> issuer_urls{};  ///< certificates of the issuer
  std::vector<std::string> crl_urls{};     ///< revocation lists
};

/// The metric's numbers (contract, 5).
enum class RevocationStatus : std::uint8_t { good = 0, revoked = 1, unknown = 2 };
std::string_view to_string(RevocationStatus) noexcept;

enum class RevocationSource : std::uint8_t { none, stapled, ocsp, crl };
/// Empty for none.
std::string_view to_string(RevocationSource) noexcept;

/// Whether any certificate of a trusted chain below its anchor has been revoked.
struct RevocationFacts {
  RevocationStatus status = RevocationStatus::unknown;
  RevocationSource source = RevocationSource::none;  ///< what told about `subject`
  std::string subject;  ///< the revoked or unknown certificate; the leaf where all are good
  std::string message;  ///< when and why revoked, or why unknown; empty if good
  WallTime until{};     ///< when the answer ends; the epoch if unknown
};

struct TlsFacts {
  std::string version;                  ///< "TLSv1.3"
  std::string cipher;                   ///< IANA name
  std::string alpn{};                   ///< the protocol that the server chose (RFC 7301)
  std::vector<CertificateFacts> chain;  ///< as sent, at most 16; the first is the leaf
  /// Of the path from the leaf to its anchor the one that ends first, which need not have been
  /// sent; none unless the path is trusted and within its dates.
  std::optional<CertificateFacts> trusted_end{};
  Reason judgement =
      Reason::ok;  ///< what a strict judge says of the chain, also where it is only observed
  std::string judgement_message;  ///< a sentence; also of a good chain where something is unusual
  std::optional<RevocationFacts> revocation;  ///< none: not asked for, or nobody could revoke it
  bool client_certificate_asked = false;      ///< the server asked for a client certificate
};

/// The certificate by whose end the server is to have another: of the trusted path if there is one,
/// as a server may send what its clients don't use; else of the chain as sent. Null: none was sent.
const CertificateFacts* first_to_end(const TlsFacts& tls) noexcept;

struct HttpFacts {
  int status = 0;
  std::string version;           ///< "HTTP/1.1"
  std::uint64_t body_bytes = 0;  ///< after decompression, as far as read
  int redirects = 0;
  std::string final_url;
  std::optional<Duration>
      clock_offset;  ///< the server's Date header minus our wall clock (RFC 9110, 6.6.1)
};

struct DnsFacts {
  std::string rcode;                 ///< "NOERROR"
  std::vector<std::string> answers;  ///< in zone-file form, at most 32
  int answer_count = 0;
  int authority_count = 0;
  int additional_count = 0;
  bool over_tcp = false;
};

struct IcmpFacts {
  int sent = 0;
  int received = 0;
  std::optional<Duration> fastest;
  std::optional<Duration> slowest;
};

struct ListenFacts {
  std::vector<Endpoint> listeners;
  std::string owner;  ///< process, or unit and user; empty if it can't be read
};

/// What a service says of itself to anybody, before a login.
struct ServiceFacts {
  /// Its words as the probe's documentation names them (snake_case), in a fixed order; the texts
  /// are UTF-8 and short. A key is a literal.
  std::vector<std::pair<std::string_view, std::string>> details;
  std::optional<Duration> clock_offset;  ///< its clock minus ours (NTP)

  /// Appends to `details`; an empty text is left out.
  void add(std::string_view key, std::string text);
};

/// What only one kind of probe has to tell.
using Facts =
    std::variant<std::monostate, HttpFacts, DnsFacts, IcmpFacts, ListenFacts, ServiceFacts>;

/// What one probe says: plain data that owns everything it shows. Kept one a check, so the rare
/// parts are pointers.
struct Outcome {
  Reason reason = Reason::ok;
  Phase phase = Phase::none;  ///< where it ended; none if ok
  bool degraded = false;      ///< ok, but something is wrong: HTTP 5xx, an address of several fails
  bool reply_owed = false;    ///< the protocol obliges the server to answer: no_reply is a failure
  std::string message;        ///< one sentence for a person; may be empty if ok
  Timings timings;
  WallTime time{};                ///< when the probe began
  std::vector<Attempt> attempts;  ///< one an address, in the order tried; at most 16
  std::shared_ptr<const TlsFacts> tls;
  std::shared_ptr<const Facts> facts;
  std::shared_ptr<const Path> path;  ///< where its packets went, if that was traced

  bool success() const noexcept { return reason == Reason::ok; }
};

/// A failure inside a probe, before it becomes an Outcome.
struct Failure {
  Reason reason = Reason::local_error;
  std::string message;
  int error_number = 0;
  std::optional<IpAddress> offender;
};

}  // namespace reachd
