#include "probes/net/ocsp.hpp"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "probes/net/certificate.hpp"
#include "probes/net/http.hpp"

namespace reachd::net {
namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)>;
using BasicResponse = std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)>;
using Request = std::unique_ptr<OCSP_REQUEST, decltype(&OCSP_REQUEST_free)>;
using CertificateId = std::unique_ptr<OCSP_CERTID, decltype(&OCSP_CERTID_free)>;

/// Lent entries: the certificates stay with their owners.
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};

/// True if the entry of a response is about this certificate, whichever hash it names it by.
bool is_about(const OCSP_SINGLERESP* entry, const IssuedCertificate& issued) {
  // OpenSSL's readers of an identifier take it without const, and do not change it.
  auto* named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(entry));
  ASN1_OBJECT* algorithm = nullptr;
  ASN1_INTEGER* serial = nullptr;
  if (OCSP_id_get0_info(nullptr, &algorithm, nullptr, &serial, named) != 1 ||
      ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(issued.certificate)) != 0) {
    return false;
  }
  const EVP_MD* digest = EVP_get_digestbyobj(algorithm);
  if (digest == nullptr) {
    return false;
  }
  const CertificateId ours(OCSP_cert_to_id(digest, issued.certificate, issued.issuer),
                           &OCSP_CERTID_free);
  return ours && OCSP_id_cmp(ours.get(), named) == 0;
}

OCSP_SINGLERESP* entry_about(OCSP_BASICRESP* response, const IssuedCertificate& issued) {
  for (int i = 0; i < OCSP_resp_count(response); ++i) {
    OCSP_SINGLERESP* entry = OCSP_resp_get0(response, i);
    if (is_about(entry, issued)) {
      return entry;
    }
  }
  return nullptr;
}

RevocationReading read_entry(OCSP_SINGLERESP* entry, const IssuedCertificate& issued,
                             WallTime now) {
  int reason = OCSP_REVOKED_STATUS_NOSTATUS;
  ASN1_GENERALIZEDTIME* revoked_at = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status =
      OCSP_single_get0_status(entry, &reason, &revoked_at, &this_update, &next_update);
  const auto until = fresh_until(
      wall_time(this_update),
      next_update == nullptr ? std::nullopt : std::optional(wall_time(next_update)), now);
  if (!until) {
    return std::unexpected("the OCSP answer " + until.error());
  }
  switch (status) {
    case V_OCSP_CERTSTATUS_GOOD:
      return RevocationAnswer{false, {}, *until};
    case V_OCSP_CERTSTATUS_REVOKED:
      return RevocationAnswer{
          true,
          describe_revoked(
              issued.certificate, wall_time(revoked_at),
              reason == OCSP_REVOKED_STATUS_NOSTATUS ? nullptr : OCSP_crl_reason_str(reason)),
          *until};
    default:
      return std::unexpected("the responder does not know the certificate");
  }
}

RevocationReading read_basic(OCSP_BASICRESP* basic, const IssuedCertificate& issued, WallTime now) {
  OCSP_SINGLERESP* entry = entry_about(basic, issued);
  if (entry == nullptr) {
    return std::unexpected("the OCSP answer is about another certificate");
  }
  const auto store = store_of(issued.issuer, now);
  const std::unique_ptr<STACK_OF(X509), FreeStack> issuers(sk_X509_new_null());
  if (!store || !issuers || sk_X509_push(issuers.get(), issued.issuer) == 0) {
    return std::unexpected("OpenSSL has no memory");
  }
  // Responses that the issuer signs itself come without its certificate.
  if (OCSP_basic_verify(basic, issuers.get(), store.get(), 0) != 1) {
    return std::unexpected("the OCSP answer can't be trusted: " + take_openssl_error());
  }
  return read_entry(entry, issued, now);
}

}  // namespace

std::string make_ocsp_request(const IssuedCertificate& issued) {
  const Request request(OCSP_REQUEST_new(), &OCSP_REQUEST_free);
  OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha1(), issued.certificate, issued.issuer);
  // The identifier is the request's once it is added.
  if (!request || id == nullptr || OCSP_request_add0_id(request.get(), id) == nullptr) {
    OCSP_CERTID_free(id);
    ERR_clear_error();
    return {};
  }
  unsigned char* data = nullptr;
  const int size = i2d_OCSP_REQUEST(request.get(), &data);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owned(
      data, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return size <= 0 ? std::string{} : std::string(data, data + size);
}

std::string ocsp_get_path(const std::string& responder_path, const std::string& request) {
  std::string path = responder_path;
  if (!path.ends_with('/')) {
    path += '/';
  }
  for (const char c : base64(request)) {
    if (c == '+') {
      path += "%2B";
    } else if (c == '/') {
      path += "%2F";
    } else if (c == '=') {
      path += "%3D";
    } else {
      path += c;
    }
  }
  return path;
}

RevocationReading read_ocsp(std::span<const std::byte> response, const IssuedCertificate& issued,
                            WallTime now) {
  if (response.size() > kLargestOcsp) {
    return std::unexpected("the OCSP answer is larger than 64 KiB");
  }
  const unsigned char* at = der(response);
  const Response parsed(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response.size())),
                        &OCSP_RESPONSE_free);
  if (!parsed || at != der(response) + response.size()) {
    ERR_clear_error();
    return std::unexpected("the answer is not OCSP");
  }
  const int status = OCSP_response_status(parsed.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return std::unexpected("the responder answered " +
                           std::string(OCSP_response_status_str(status)));
  }
  const BasicResponse basic(OCSP_response_get1_basic(parsed.get()), &OCSP_BASICRESP_free);
  if (!basic) {
    ERR_clear_error();
    return std::unexpected("the OCSP answer is not a basic response");
  }
  RevocationReading reading = read_basic(basic.get(), issued, now);
  ERR_clear_error();
  return reading;
}

}  // namespace reachd::net
