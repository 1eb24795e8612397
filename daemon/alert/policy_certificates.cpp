#include <algorithm>
#include <utility>

#include "daemon/alert/messages.hpp"
#include "daemon/alert/policy_state.hpp"

namespace reachd::alert {
namespace {

/// So many outcomes in a row have to show a better certificate before the alert ends: behind one
/// name there may be several servers, and not all have it yet.
constexpr std::uint8_t kRenewed = 3;

}  // namespace

void Policy::State::watch_certificate(std::uint32_t index, const Outcome& outcome) {
  Subject& subject = subjects[index];
  const CertificateFacts* certificate = outcome.tls ? first_to_end(*outcome.tls) : nullptr;
  if (certificate == nullptr) {
    return;
  }
  const Duration left = certificate->not_after - now.wall;
  const auto crossed = static_cast<std::uint8_t>(
      std::ranges::count_if(thresholds, [&](Duration threshold) { return left < threshold; }));
  CertificateWatch* watch = subject.certificate.get();
  const bool new_to_us =
      watch == nullptr || std::exchange(watch->seen, outcome.time) != outcome.time;
  if (crossed == 0) {
    if (watch != nullptr && new_to_us && ++watch->renewed >= kRenewed) {
      if (watch->alert != nullptr) {
        book.end(*watch->alert, now.wall, now.steady);
        changed(*watch->alert);
      }
      subject.certificate.reset();
      touch(index);
    }
    return;
  }
  if (watch != nullptr) {
    watch->renewed = 0;
  }
  const bool another = watch == nullptr || watch->end != certificate->not_after;
  if (!another && crossed <= watch->crossed) {
    return;
  }
  // A certificate that nobody trusts is not judged by its dates either: a device's own, say.
  if (watch == nullptr && outcome.tls->judgement != Reason::ok) {
    return;
  }
  if (maintained(index)) {
    return;  // said afterwards, if it is still true
  }
  const bool further = watch == nullptr || crossed > watch->crossed;
  if (watch == nullptr) {
    subject.certificate = std::make_unique<CertificateWatch>();
    watch = subject.certificate.get();
  }
  watch->end = certificate->not_after;
  watch->crossed = crossed;
  touch(index);
  if (!further) {
    return;  // another one that ends as soon: said already
  }
  const event::Identity who = identity(index);
  const config::Severity severity = std::min(severity_of(index), config::Severity::warning);
  event::Event event = make_event(event::Kind::certificate_expiring, who, severity);
  event.since = std::min(outcome.time, now.wall);
  event.message = expiring_message(who, *certificate, left);
  event.evidence = event::evidence_of(outcome, nullptr);
  if (watch->alert == nullptr) {
    event::Alert alert;
    alert.name = event::AlertName::certificate_expiring;
    alert.check = who;
    alert.key = std::string(to_string(alert.name)) + '|' + who.id;
    alert.severity = severity;
    alert.vantage = vantage;
    alert.since = now.wall;
    watch->alert = book.open(std::move(alert));
  }
  event.severity = watch->alert->severity;
  watch->alert->message = event.message;
  changed(*watch->alert);
  out.events.push_back(std::move(event));
}

}  // namespace reachd::alert
