#include "daemon/blackbox/counters.hpp"

#include "probes/core/decimal.hpp"

namespace reachd::blackbox {
namespace {

constexpr std::array<std::string_view, kOutcomes> kWords{"success",        "failure",     "refused",
                                                         "unknown_module", "bad_request", "busy"};

}  // namespace

std::string_view to_string(Outcome outcome) noexcept {
  return kWords.at(static_cast<std::size_t>(outcome));
}

void Counters::render(std::string& out, metrics::Format format) const {
  constexpr std::string_view kRequests = "reachd_probe_requests_total";
  constexpr std::string_view kInFlight = "reachd_probe_requests_in_flight";
  metrics::append_header(out, format, kRequests, metrics::Type::counter,
                         "Requests for /probe, by what became of them.");
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    out.append(kRequests).append("{");
    metrics::append_label(out, "outcome", kWords[i]);
    out += "} ";
    append_integer(out, requests_[i].load());
    out += '\n';
  }
  metrics::append_header(out, format, kInFlight, metrics::Type::gauge,
                         "Probes that /probe runs at the moment.");
  out.append(kInFlight).append(" ");
  append_integer(out, in_flight_.load());
  out += '\n';
}

}  // namespace reachd::blackbox
