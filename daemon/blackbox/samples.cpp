#include "daemon/blackbox/samples.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "daemon/metrics/format.hpp"

namespace reachd::blackbox {
namespace {

struct Entry {
  std::string_view name;
  std::string_view help;
};

constexpr std::array<Entry, kFamilies> kEntries{{
    {"probe_dns_additional_rrs", "Resource records in the additional section of the answer"},
    {"probe_dns_answer_rrs", "Resource records in the answer section of the answer"},
    {"probe_dns_authority_rrs", "Resource records in the authority section of the answer"},
    {"probe_dns_duration_seconds", "How long the DNS query took by phase"},
    {"probe_dns_lookup_time_seconds", "How long it took to resolve the name of the target"},
    {"probe_dns_query_succeeded", "Whether an answer came back, whatever its code"},
    {"probe_dns_serial", "Serial number of the zone"},
    {"probe_duration_seconds", "How long the whole probe took"},
    {"probe_expect_info", "What the answer matched, as the labels of the module say"},
    {"probe_failed_due_to_bytes", "Whether the probe failed because other bytes were expected"},
    {"probe_failed_due_to_cel", "Whether the probe failed due to a CEL expression"},
    {"probe_failed_due_to_regex", "Whether the probe failed due to a regular expression"},
    {"probe_http_content_length", "Length of the content of the response, -1 if unknown"},
    {"probe_http_duration_seconds",
     "How long the HTTP request took by phase, summed over all redirects"},
    {"probe_http_last_modified_timestamp_seconds", "The Last-Modified header of the response"},
    {"probe_http_redirects", "How many redirects were followed"},
    {"probe_http_ssl", "Whether the final request went over TLS"},
    {"probe_http_status_code", "Status code of the response"},
    {"probe_http_uncompressed_body_length", "Length of the body after decompression"},
    {"probe_http_version", "Version of HTTP of the response"},
    {"probe_icmp_duration_seconds", "How long the ICMP echo took by phase"},
    {"probe_icmp_reply_hop_limit", "Hop limit (IPv4: TTL) of the reply"},
    {"probe_ip_addr_hash", "Hash of the address that was probed, to see when it changes"},
    {"probe_ip_protocol", "Version of IP of the address that was probed, 4 or 6"},
    {"probe_ssl_earliest_cert_expiry",
     "When the first of the certificates that were sent expires, as Unix time"},
    {"probe_ssl_last_chain_expiry_timestamp_seconds",
     "When the verified chain that lasts longest expires"},
    {"probe_ssl_last_chain_info", "The certificate of the server"},
    {"probe_success", "Whether the probe succeeded"},
    {"probe_timeout_seconds", "How long the probe may take"},
    {"probe_tls_cipher_info", "The cipher suite of the TLS connection"},
    {"probe_tls_version_info", "The version of the TLS connection"},
}};
static_assert(std::ranges::is_sorted(kEntries, {}, &Entry::name));

std::size_t index_of(Family family) noexcept { return static_cast<std::size_t>(family); }

/// "# HELP" and "# TYPE" of all families, made once.
const std::array<std::string, kFamilies>& headers() {
  static const auto kHeaders = [] {
    std::array<std::string, kFamilies> made;
    for (std::size_t i = 0; i < kFamilies; ++i) {
      metrics::append_header(made[i], metrics::Format::text, kEntries[i].name, metrics::Type::gauge,
                             kEntries[i].help);
    }
    return made;
  }();
  return kHeaders;
}

std::string rendered(std::string_view label, std::string_view text) {
  std::string labels;
  metrics::append_label(labels, label, text);
  return labels;
}

}  // namespace

std::string_view name_of(Family family) noexcept { return kEntries[index_of(family)].name; }

void Samples::set(Family family, double value) noexcept {
  present_.set(index_of(family));
  values_[index_of(family)] = value;
}

double& Samples::labelled(Family family, std::string labels) {
  for (Labelled& sample : labelled_) {
    if (sample.family == family && sample.labels == labels) {
      return sample.value;
    }
  }
  return labelled_.emplace_back(family, std::move(labels), 0.0).value;
}

void Samples::set(Family family, std::string_view label, std::string_view text, double value) {
  labelled(family, rendered(label, text)) = value;
}

void Samples::add(Family family, std::string_view label, std::string_view text, double value) {
  labelled(family, rendered(label, text)) += value;
}

void Samples::set_info(Family family, Labels labels) {
  std::ranges::sort(labels);
  std::string text;
  for (const auto& [name, value] : labels) {
    text += text.empty() ? "" : ",";
    metrics::append_label(text, name, value);
  }
  labelled(family, std::move(text)) = 1;
}

bool Samples::has(Family family) const noexcept {
  return present_.test(index_of(family)) ||
         std::ranges::find(labelled_, family, &Labelled::family) != labelled_.end();
}

double Samples::value(Family family) const noexcept { return values_[index_of(family)]; }

void Samples::render(std::string& out) const {
  std::vector<const Labelled*> sorted;
  sorted.reserve(labelled_.size());
  for (const Labelled& sample : labelled_) {
    sorted.push_back(&sample);
  }
  std::ranges::sort(sorted, {}, [](const Labelled* sample) {
    return std::tuple(sample->family, std::string_view(sample->labels));
  });
  auto next = sorted.begin();
  for (std::size_t i = 0; i < kFamilies; ++i) {
    const auto is_of = [i](const Labelled* sample) { return index_of(sample->family) == i; };
    const bool has_labelled = next != sorted.end() && is_of(*next);
    if (!present_.test(i) && !has_labelled) {
      continue;
    }
    out += headers()[i];
    if (present_.test(i)) {
      out += kEntries[i].name;
      out += ' ';
      append_go_number(out, values_[i]);
      out += '\n';
    }
    for (; next != sorted.end() && is_of(*next); ++next) {
      out += kEntries[i].name;
      out += '{';
      out += (*next)->labels;
      out += "} ";
      append_go_number(out, (*next)->value);
      out += '\n';
    }
  }
}

void append_go_number(std::string& out, double number) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number > 0 ? "+Inf" : "-Inf";
    return;
  }
  const double size = std::abs(number);
  // The shortest digits that read back the same, with an exponent below 1e-4 and from 1e6 on.
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e6);
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  out.append(digits.data(), end);
}

}  // namespace reachd::blackbox
