#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reachd::blackbox {

/// The families that a /probe answers with, under the names of blackbox_exporter; all are gauges.
/// In the order of their names, which is that of the answer.
enum class Family : std::uint8_t {
  dns_additional_rrs,
  dns_answer_rrs,
  dns_authority_rrs,
  dns_duration_seconds,  ///< phase: resolve, connect, request
  dns_lookup_time_seconds,
  dns_query_succeeded,
  dns_serial,
  duration_seconds,
  expect_info,  ///< the labels of the module's step
  failed_due_to_bytes,
  failed_due_to_cel,
  failed_due_to_regex,
  http_content_length,
  http_duration_seconds,  ///< phase: resolve, connect, tls, processing, transfer
  http_last_modified_timestamp_seconds,
  http_redirects,
  http_ssl,
  http_status_code,
  http_uncompressed_body_length,
  http_version,
  icmp_duration_seconds,  ///< phase: resolve, setup, rtt
  icmp_reply_hop_limit,
  ip_addr_hash,
  ip_protocol,
  ssl_earliest_cert_expiry,
  ssl_last_chain_expiry_timestamp_seconds,
  ssl_last_chain_info,  ///< fingerprint_sha256, subject, issuer, subjectalternative, serialnumber
  success,
  timeout_seconds,
  tls_cipher_info,   ///< cipher
  tls_version_info,  ///< version
};
inline constexpr std::size_t kFamilies = static_cast<std::size_t>(Family::tls_version_info) + 1;

/// "probe_success"
std::string_view name_of(Family family) noexcept;

/// What one probe measured. No map and, without labels, no allocation: a probe of a port has eight
/// series and thousands of them run a second.
class Samples {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  /// A series without labels; a later value replaces an earlier one.
  void set(Family family, double value) noexcept;
  /// The series of the family with this label (the name is a literal); as above.
  void set(Family family, std::string_view label, std::string_view text, double value);
  /// As set(), but onto what the series has already.
  void add(Family family, std::string_view label, std::string_view text, double value);
  /// The series of the family with these labels, value 1. Text that is not UTF-8 is repaired.
  void set_info(Family family, Labels labels);

  bool has(Family family) const noexcept;
  /// Of a series without labels; 0 if there is none.
  double value(Family family) const noexcept;

  /// Appends text format 0.0.4 as Go's client writes it: families by name, the series of one by
  /// their labels, labels by name, numbers as strconv's 'g' has them.
  void render(std::string& out) const;

 private:
  struct Labelled {
    Family family;
    std::string labels;  ///< as rendered, between the braces
    double value;
  };

  double& labelled(Family family, std::string labels);

  std::bitset<kFamilies> present_;
  std::array<double, kFamilies> values_{};
  std::vector<Labelled> labelled_;
};

/// Appends a sample's value as Go's strconv.FormatFloat(number, 'g', -1, 64) has it, which all
/// exporters written in Go show: 0, 1.5, 0.000123, 1e-05, 1.7e+09, NaN, +Inf.
void append_go_number(std::string& out, double number);

}  // namespace reachd::blackbox
