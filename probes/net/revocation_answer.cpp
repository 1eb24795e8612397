#include "probes/net/revocation_answer.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "probes/net/certificate.hpp"

namespace reachd::net {
namespace {

constexpr Duration kOldestWithoutEnd = std::chrono::hours(24);
constexpr Duration kKeptWithoutEnd = std::chrono::minutes(5);

}  // namespace

std::expected<WallTime, std::string> fresh_until(WallTime this_update,
                                                 std::optional<WallTime> next_update,
                                                 WallTime now) {
  if (this_update > now + kClockSkew) {
    return std::unexpected("begins only on " + format_date(this_update));
  }
  if (!next_update) {
    if (this_update < now - kOldestWithoutEnd) {
      return std::unexpected("is of " + format_date(this_update) + " and names no end");
    }
    return now + kKeptWithoutEnd;
  }
  if (*next_update < now - kClockSkew || *next_update < this_update) {
    return std::unexpected("ended on " + format_date(*next_update));
  }
  return *next_update;
}

const unsigned char* der(std::span<const std::byte> bytes) noexcept {
  // Any object may be looked at as characters.
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::shared_ptr<X509_STORE> store_of(X509* issuer, WallTime now) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), &X509_STORE_free);
  if (store && X509_STORE_add_cert(store.get(), issuer) != 1) {
    store.reset();
  }
  if (store) {
    X509_VERIFY_PARAM* param = X509_STORE_get0_param(store.get());
    // The issuer is trusted as it is; how it came to be so has been judged with the chain.
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_depth(param, 1);
    X509_VERIFY_PARAM_set_time(
        param, std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now)));
  }
  return store;
}

std::string describe_revoked(const X509* certificate, WallTime when, const char* reason) {
  std::string text = subject_text(certificate) + " was revoked on " + format_date(when);
  return reason == nullptr ? text : text + " (" + reason + ")";
}

std::string take_openssl_error() {
  const char* why = ERR_reason_error_string(ERR_peek_last_error());
  std::string text = why == nullptr ? "unknown error" : why;
  ERR_clear_error();
  return text;
}

}  // namespace reachd::net
