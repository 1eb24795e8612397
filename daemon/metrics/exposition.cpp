#include "daemon/metrics/exposition.hpp"

#include <algorithm>
#include <ranges>

#include "probes/core/decimal.hpp"

namespace reachd::metrics {
namespace {

struct Family {
  std::string_view name;
  Type type;
  std::string_view help;
  void (*write)(class Samples&);
};

/// Writes the samples of one family for one check.
class Samples {
 public:
  Samples(std::string& out, Format format, const Family& family, bool& header_written)
      : out_(out), format_(format), family_(family), header_written_(header_written) {}

  void look_at(const engine::Board& board, const CheckLabels& labels,
               const std::vector<engine::CheckStatus>& statuses, std::size_t index) {
    board_ = &board;
    labels_ = &labels;
    statuses_ = &statuses;
    index_ = index;
    family_.write(*this);
  }

  const config::Check& check() const { return board_->plan().checks[index_]; }
  const config::ProbeSpec& spec() const { return board_->plan().probes[check().probe]; }
  const engine::CheckStatus& status() const { return (*statuses_)[index_]; }

  /// A sample's name and labels up to the value; call one of the values next.
  Samples& sample() {
    if (!header_written_) {
      append_header(out_, format_, family_.name, family_.type, family_.help);
      header_written_ = true;
    }
    out_ += family_.name;
    out_ += '{';
    out_ += labels_->block(index_);
    return *this;
  }
  /// A further label; an empty one is left out, which means the same.
  Samples& label(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      out_ += ',';
      append_label(out_, name, value);
    }
    return *this;
  }
  template <std::integral Number>
  void value(Number number) {
    out_ += "} ";
    append_integer(out_, number);
    out_ += '\n';
  }
  void value(Duration duration) { seconds(duration, 6); }
  void value(WallTime time) { seconds(time.time_since_epoch(), 3); }

 private:
  void seconds(Duration duration, unsigned decimals) {
    out_ += "} ";
    append_seconds(out_, duration, decimals);
    out_ += '\n';
  }

  std::string& out_;
  Format format_;
  const Family& family_;
  bool& header_written_;
  const engine::Board* board_ = nullptr;
  const CheckLabels* labels_ = nullptr;
  const std::vector<engine::CheckStatus>* statuses_ = nullptr;
  std::size_t index_ = 0;
};

void write_info(Samples& out) {
  const config::Check& check = out.check();
  const config::ProbeSpec& spec = out.spec();
  std::string port;
  if (spec.target.port != 0) {
    append_integer(port, spec.target.port);
  }
  out.sample()
      .label("name", check.name)
      .label("requirement", config::requirement_id(check))
      .label("necessity", to_string(check.necessity))
      .label("probe", spec.type->name)
      .label("transport", to_string(config::transport(check, spec)))
      .label("port", port)
      .label("direction", to_string(check.direction))
      .label("device", check.device)
      .label("device_type", check.device_type ? std::string_view(*check.device_type) : "")
      .label("evidence", to_string(check.evidence))
      .label("purpose", config::purpose(check))
      .value(1);
}

void write_severity(Samples& out) {
  const auto severity = config::severity(out.check(), out.status().has_been_up);
  out.sample().label("severity", to_string(severity)).value(1);
}

void write_up(Samples& out) {
  if (out.status().verdict != engine::Verdict::unknown) {
    out.sample().value(out.status().verdict == engine::Verdict::down ? 0 : 1);
  }
}

void write_state(Samples& out) { out.sample().value(static_cast<unsigned>(out.status().verdict)); }

void write_suppressed(Samples& out) {
  for (const engine::Modifier modifier : engine::held_by(out.status().modifiers)) {
    out.sample().label("by", to_string(modifier)).value(1);
  }
}

void write_last_change(Samples& out) { out.sample().value(out.status().last_change); }

void write_success(Samples& out) {
  if (out.status().last) {
    out.sample().value(out.status().last->success() ? 1 : 0);
  }
}

void write_probes(Samples& out) { out.sample().value(out.status().probes); }

void write_failures(Samples& out) { out.sample().value(out.status().failures); }

void write_results(Samples& out) {
  for (const auto& [reason, count] : out.status().results) {
    out.sample().label("reason", to_string(reason)).value(count);
  }
}

void write_last_duration(Samples& out) {
  if (out.status().last) {
    out.sample().value(out.status().last->timings.total);
  }
}

void write_phases(Samples& out) {
  if (!out.status().last) {
    return;
  }
  for (const Phase phase :
       {Phase::resolve, Phase::connect, Phase::proxy, Phase::tls, Phase::request}) {
    if (const auto& spent = out.status().last->timings[phase]) {
      out.sample().label("phase", to_string(phase)).value(*spent);
    }
  }
}

void write_addresses(Samples& out) {
  if (!out.status().last || out.status().last->attempts.size() < 2) {
    return;
  }
  const std::vector<Attempt>& attempts = out.status().last->attempts;
  for (auto attempt = attempts.begin(); attempt != attempts.end(); ++attempt) {
    // The same address twice would be the same series twice.
    const bool seen = std::any_of(attempts.begin(), attempt, [&](const Attempt& earlier) {
      return earlier.endpoint && attempt->endpoint &&
             earlier.endpoint->address == attempt->endpoint->address;
    });
    if (attempt->endpoint && !seen) {
      out.sample()
          .label("address", attempt->endpoint->address.to_string())
          .value(attempt->success() ? 1 : 0);
    }
  }
}

void write_certificates(Samples& out) {
  if (!out.status().last || !out.status().last->tls || out.status().last->tls->chain.empty()) {
    return;
  }
  const TlsFacts& tls = *out.status().last->tls;
  out.sample().label("position", "leaf").value(tls.chain.front().not_after);
  out.sample().label("position", "chain").value(first_to_end(tls)->not_after);
}

void write_revocation(Samples& out) {
  if (out.status().last && out.status().last->tls && out.status().last->tls->revocation) {
    out.sample().value(static_cast<unsigned>(out.status().last->tls->revocation->status));
  }
}

void write_clock_offset(Samples& out) {
  if (!out.status().last || !out.status().last->facts) {
    return;
  }
  const Facts* facts = out.status().last->facts.get();
  const auto* http = std::get_if<HttpFacts>(facts);
  const auto* service = std::get_if<ServiceFacts>(facts);
  const auto offset = http != nullptr      ? http->clock_offset
                      : service != nullptr ? service->clock_offset
                                           : std::nullopt;
  if (offset) {
    out.sample().value(*offset);
  }
}

constexpr std::array kFamilies = {
    Family{"reachd_check_info", Type::gauge, "What a check looks at and where that is known from.",
           write_info},
    Family{"reachd_check_severity", Type::gauge, "What an alert of the check would be now.",
           write_severity},
    Family{"reachd_check_up", Type::gauge,
           "1 if the check is up or degraded, 0 if it is down; absent while unknown.", write_up},
    Family{"reachd_check_state", Type::gauge,
           "The confirmed state: 0 unknown, 1 up, 2 degraded, 3 down.", write_state},
    Family{"reachd_check_suppressed", Type::gauge,
           "1 while something holds alerts of the check back; probing goes on.", write_suppressed},
    Family{"reachd_check_last_change_timestamp_seconds", Type::gauge,
           "When the confirmed state last changed.", write_last_change},
    Family{"reachd_probe_success", Type::gauge, "1 if the last probe succeeded, unconfirmed.",
           write_success},
    Family{"reachd_probes_total", Type::counter, "Probes of the check.", write_probes},
    Family{"reachd_probe_failures_total", Type::counter, "Probes of the check that failed.",
           write_failures},
    Family{"reachd_probe_results_total", Type::counter, "Probes of the check by their reason.",
           write_results},
    Family{"reachd_probe_last_duration_seconds", Type::gauge, "How long the last probe took.",
           write_last_duration},
    Family{"reachd_probe_phase_seconds", Type::gauge, "How long each phase of the last probe took.",
           write_phases},
    Family{"reachd_address_success", Type::gauge,
           "1 if the last probe reached this address, where more than one is probed.",
           write_addresses},
    Family{"reachd_certificate_not_after_timestamp_seconds", Type::gauge,
           "When the leaf certificate ends, and the earliest end in the whole chain.",
           write_certificates},
    Family{"reachd_certificate_revocation_status", Type::gauge,
           "0 if no certificate of the chain is revoked, 1 if one is, 2 if that is unknown.",
           write_revocation},
    Family{"reachd_clock_offset_seconds", Type::gauge,
           "The other side's clock minus ours, where the protocol tells.", write_clock_offset},
};

}  // namespace

CheckLabels::CheckLabels(const engine::Board& board) {
  const config::Plan& plan = board.plan();
  std::size_t size = 0;
  for (const config::Check& check : plan.checks) {
    size +=
        40 + check.id.size() + check.product->size() + plan.probes[check.probe].target.text.size();
    if (check.labels) {
      for (const auto& [name, value] : *check.labels) {
        size += 4 + name.size() + value.size();
      }
    }
  }
  text_.reserve(size);
  ends_.reserve(plan.checks.size());
  for (const config::Check& check : plan.checks) {
    append_label(text_, "check", check.id);
    text_ += ',';
    append_label(text_, "product", *check.product);
    text_ += ',';
    append_label(text_, "target", plan.probes[check.probe].target.text);
    if (check.labels) {
      for (const auto& [name, value] : *check.labels) {
        text_ += ',';
        append_label(text_, name, value);
      }
    }
    ends_.push_back(text_.size());
  }
}

std::string_view CheckLabels::block(std::size_t check) const noexcept {
  const std::size_t begin = check == 0 ? 0 : ends_[check - 1];
  return std::string_view(text_).substr(begin, ends_[check] - begin);
}

CheckScrape::CheckScrape(std::shared_ptr<const engine::Board> board,
                         std::shared_ptr<const CheckLabels> labels, Format format)
    : board_(std::move(board)), labels_(std::move(labels)), format_(format) {
  statuses_.reserve(board_->size());
  for (std::size_t index = 0; index < board_->size(); ++index) {
    statuses_.push_back(board_->status(index));
    ++states_[static_cast<std::size_t>(statuses_.back().verdict)];
  }
}

bool CheckScrape::next(std::string& out, std::size_t piece) {
  for (; family_ < kFamilies.size(); ++family_, check_ = 0, header_written_ = false) {
    Samples samples(out, format_, kFamilies[family_], header_written_);
    for (; check_ < statuses_.size(); ++check_) {
      if (out.size() >= piece) {
        return true;
      }
      samples.look_at(*board_, *labels_, statuses_, check_);
    }
  }
  return false;
}

CheckScrape Exposition::scrape(std::shared_ptr<const engine::Board> board, Format format) {
  if (!labels_ || board_.lock() != board) {
    labels_ = std::make_shared<const CheckLabels>(*board);
    board_ = board;
  }
  return {std::move(board), labels_, format};
}

}  // namespace reachd::metrics
