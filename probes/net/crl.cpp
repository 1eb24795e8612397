#include "probes/net/crl.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>

#include "probes/net/certificate.hpp"

namespace reachd::net {
namespace {

using List = std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)>;
using Verification = std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)>;

/// Lent entries: the list stays with its owner.
struct FreeStack {
  void operator()(STACK_OF(X509_CRL) * stack) const noexcept { sk_X509_CRL_free(stack); }
};

std::string describe_entry(X509_CRL* list, const IssuedCertificate& issued) {
  X509_REVOKED* entry = nullptr;
  X509_CRL_get0_by_cert(list, &entry, issued.certificate);
  if (entry == nullptr) {
    return subject_text(issued.certificate) + " was revoked";
  }
  const std::unique_ptr<ASN1_ENUMERATED, decltype(&ASN1_ENUMERATED_free)> reason(
      static_cast<ASN1_ENUMERATED*>(
          X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)),
      &ASN1_ENUMERATED_free);
  return describe_revoked(
      issued.certificate, wall_time(X509_REVOKED_get0_revocationDate(entry)),
      reason ? OCSP_crl_reason_str(ASN1_ENUMERATED_get(reason.get())) : nullptr);
}

/// X509_V_OK, X509_V_ERR_CERT_REVOKED, or why the list says nothing of the certificate.
int look_up(X509_CRL* list, const IssuedCertificate& issued, WallTime now) {
  const auto store = store_of(issued.issuer, now);
  const Verification verification(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  const std::unique_ptr<STACK_OF(X509_CRL), FreeStack> lists(sk_X509_CRL_new_null());
  if (!store || !verification || !lists || sk_X509_CRL_push(lists.get(), list) == 0 ||
      X509_STORE_CTX_init(verification.get(), store.get(), issued.certificate, nullptr) != 1) {
    return X509_V_ERR_OUT_OF_MEM;
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(verification.get());
  // Dates are judged apart, with some skew.
  X509_VERIFY_PARAM_clear_flags(param, X509_V_FLAG_USE_CHECK_TIME);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_NO_CHECK_TIME);
  X509_STORE_CTX_set0_crls(verification.get(), lists.get());
  X509_verify_cert(verification.get());
  return X509_STORE_CTX_get_error(verification.get());
}

RevocationReading read_list(X509_CRL* list, const IssuedCertificate& issued, WallTime now) {
  const ASN1_TIME* next_update = X509_CRL_get0_nextUpdate(list);
  const auto until = fresh_until(
      wall_time(X509_CRL_get0_lastUpdate(list)),
      next_update == nullptr ? std::nullopt : std::optional(wall_time(next_update)), now);
  if (!until) {
    return std::unexpected("the revocation list " + until.error());
  }
  const int error = look_up(list, issued, now);
  switch (error) {
    case X509_V_OK:
      return RevocationAnswer{false, {}, *until};
    case X509_V_ERR_CERT_REVOKED:
      return RevocationAnswer{true, describe_entry(list, issued), *until};
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return std::unexpected("the revocation list is of another issuer");
    default:
      return std::unexpected("the revocation list does not count: " +
                             std::string(X509_verify_cert_error_string(error)));
  }
}

}  // namespace

RevocationReading read_crl(std::span<const std::byte> list, const IssuedCertificate& issued,
                           WallTime now) {
  if (list.size() > kLargestCrl) {
    return std::unexpected("the revocation list is larger than 8 MiB");
  }
  const unsigned char* at = der(list);
  const List parsed(d2i_X509_CRL(nullptr, &at, static_cast<long>(list.size())), &X509_CRL_free);
  if (!parsed || at != der(list) + list.size()) {
    ERR_clear_error();
    return std::unexpected("the answer is not a revocation list");
  }
  RevocationReading reading = read_list(parsed.get(), issued, now);
  ERR_clear_error();
  return reading;
}

}  // namespace reachd::net
