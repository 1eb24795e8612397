#include "daemon/web/glance.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "daemon/json/time.hpp"
#include "daemon/web/html.hpp"
#include "probes/core/decimal.hpp"
#include "probes/core/words.hpp"

namespace reachd::web {
namespace {

using engine::Verdict;

/// As many addresses as a person reads.
constexpr std::size_t kMostAddresses = 4;

/// By Verdict: what comes first.
constexpr std::array<int, 4> kAttention{2, 3, 1, 0};

int attention(Verdict verdict) noexcept { return kAttention[static_cast<std::size_t>(verdict)]; }

/// The gravest severity comes first.
int gravity(config::Severity severity) noexcept { return -static_cast<int>(severity); }

using ProductKey = std::pair<int, std::string_view>;
using RequirementKey = std::tuple<int, std::string_view, std::string_view>;

ProductKey product_key(const Glance& glance) {
  return {attention(glance.status.verdict), *glance.check->product};
}

RequirementKey requirement_key(const Glance& glance) {
  return {attention(glance.status.verdict), *glance.check->product,
          config::requirement_id(*glance.check)};
}

/// A glance with what it is sorted by, so that no comparison looks anything up.
struct Place {
  int attention = 0;
  int product_gravity = 0;
  std::string_view product;
  int requirement_gravity = 0;
  std::string_view requirement;
  int gravity = 0;
  std::string_view id;
  std::size_t index = 0;

  auto operator<=>(const Place&) const = default;
};

bool failed_somewhere(const Outcome* outcome) {
  return outcome != nullptr && !std::ranges::all_of(outcome->attempts, &Attempt::success);
}

std::string transport_and_port(Transport transport, std::uint16_t port) {
  std::string text(to_string(transport));
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  if (port != 0) {
    text += ' ';
    append_integer(text, port);
  }
  return text;
}

/// The addresses that failed, unless the target says them already.
std::string failed_addresses(const Outcome* outcome, std::string_view destination) {
  std::vector<std::string> addresses;
  std::size_t more = 0;
  for (const Attempt& attempt : outcome != nullptr ? outcome->attempts : std::vector<Attempt>()) {
    if (attempt.success() || !attempt.endpoint) {
      continue;
    }
    std::string address = attempt.endpoint->address.to_string();
    if (address == destination || std::ranges::find(addresses, address) != addresses.end()) {
      continue;
    }
    if (addresses.size() < kMostAddresses) {
      addresses.push_back(std::move(address));
    } else {
      ++more;
    }
  }
  std::string text = join(addresses, ", ");
  if (more > 0) {
    text += " and " + std::to_string(more) + " more";
  }
  return text;
}

/// Who said no, or where the way ends; empty: nobody knows.
std::string in_the_way(const Glance& glance) {
  const Outcome* const last = glance.status.last.get();
  if (last != nullptr) {
    const auto named = std::ranges::find_if(
        last->attempts, [](const Attempt& attempt) { return attempt.offender.has_value(); });
    if (named != last->attempts.end()) {
      return named->offender->to_string() + " answered for it (" +
             std::string(to_string(named->reason)) + ")";
    }
  }
  return glance.status.path ? glance.status.path->message : std::string();
}

void add_line(std::string& text, std::string_view key, std::string_view value) {
  if (!value.empty()) {
    text += key;
    text += ": ";
    text += one_line(value);
    text += '\n';
  }
}

void write_texts(json::Writer& out, std::string_view key,
                 const std::vector<engine::Modifier>& modifiers) {
  out.key(key).begin_array();
  for (const engine::Modifier modifier : modifiers) {
    out.value(to_string(modifier));
  }
  out.end_array();
}

}  // namespace

Glance glance_at(const engine::Board& board, std::size_t check) {
  Glance glance;
  glance.check = &board.plan().checks[check];
  glance.spec = &board.plan().probes[glance.check->probe];
  glance.status = board.status(check);
  glance.severity = config::severity(*glance.check, glance.status.has_been_up);
  return glance;
}

std::vector<Glance> worst_first(const engine::Board& board) {
  std::vector<Glance> glances;
  glances.reserve(board.size());
  std::map<ProductKey, int> products;
  std::map<RequirementKey, int> requirements;
  for (std::size_t check = 0; check < board.size(); ++check) {
    const Glance& glance = glances.emplace_back(glance_at(board, check));
    const int own = gravity(glance.severity);
    const auto product = products.emplace(product_key(glance), own).first;
    product->second = std::min(product->second, own);
    const auto requirement = requirements.emplace(requirement_key(glance), own).first;
    requirement->second = std::min(requirement->second, own);
  }
  std::vector<Place> places;
  places.reserve(glances.size());
  for (std::size_t index = 0; index < glances.size(); ++index) {
    const Glance& glance = glances[index];
    places.push_back({.attention = attention(glance.status.verdict),
                      .product_gravity = products[product_key(glance)],
                      .product = *glance.check->product,
                      .requirement_gravity = requirements[requirement_key(glance)],
                      .requirement = config::requirement_id(*glance.check),
                      .gravity = gravity(glance.severity),
                      .id = glance.check->id,
                      .index = index});
  }
  std::ranges::sort(places);
  std::vector<Glance> sorted;
  sorted.reserve(glances.size());
  for (const Place& place : places) {
    sorted.push_back(std::move(glances[place.index]));
  }
  return sorted;
}

std::string_view reason_word(const Glance& glance) noexcept {
  return glance.status.last ? to_string(glance.status.last->reason) : std::string_view();
}

std::string_view explanation(const Glance& glance) noexcept {
  if (!glance.status.why.empty()) {
    return glance.status.why;
  }
  const Outcome* const last = glance.status.last.get();
  if (last == nullptr) {
    return "not probed yet";
  }
  if (last->success() && glance.status.verdict == Verdict::down) {
    return "the last probe succeeded; it is up once that is confirmed";
  }
  if (!last->message.empty() || last->success()) {
    return last->message;
  }
  return describe(last->reason);
}

std::optional<WallTime> certificate_end(const Glance& glance) noexcept {
  const Outcome* const last = glance.status.last.get();
  const CertificateFacts* const first =
      last != nullptr && last->tls ? first_to_end(*last->tls) : nullptr;
  return first != nullptr ? std::optional(first->not_after) : std::nullopt;
}

void FirewallWords::add_openings(std::string& text, const Glance& glance) const {
  const auto openings = config::openings(plan_, {glance.check}, own_names_);
  if (openings.empty()) {
    // It stays on this machine.
    add_line(text, "From", plan_.vantage);
    add_line(text, "To", glance.spec->target.text + " (this host)");
    return;
  }
  for (const config::Opening& opening : openings) {
    if (opening.leg == config::Leg::from_proxy) {
      add_line(text, "And the proxy on",
               opening.source + " to " + opening.destination + ", " +
                   transport_and_port(opening.transport, opening.port));
      continue;
    }
    const std::string addresses = failed_addresses(glance.status.last.get(), opening.destination);
    std::string to = opening.destination;
    if (opening.leg == config::Leg::to_proxy) {
      to += " (proxy)";
    } else if (!addresses.empty()) {
      to += " (" + addresses + ")";
    }
    add_line(text, "From", opening.source);
    add_line(text, "To", to);
    add_line(text, "Port", transport_and_port(opening.transport, opening.port));
  }
}

std::string FirewallWords::of(const Glance& glance) const {
  const Outcome* const last = glance.status.last.get();
  const bool down = glance.status.verdict == Verdict::down;
  if (last == nullptr ||
      (!down && (glance.status.verdict != Verdict::degraded || !failed_somewhere(last)))) {
    return {};
  }
  std::string text;
  add_openings(text, glance);
  add_line(text, down ? "Down since" : "Degraded since", utc_text(glance.status.last_change));
  const std::string_view message = explanation(glance);
  add_line(text, "What happens",
           std::string(reason_word(glance)) + (message.empty() ? "" : ": ") + std::string(message));
  add_line(text, "In the way", in_the_way(glance));
  const std::string_view purpose = config::purpose(*glance.check);
  const std::string_view requirement = config::requirement_id(*glance.check);
  std::string needed(purpose.empty() ? std::string_view(glance.check->name) : purpose);
  needed += " (";
  needed += requirement.empty() ? std::string_view(glance.check->id) : requirement;
  needed += ", ";
  needed += to_string(glance.check->necessity);
  needed += ", port known from: ";
  needed += to_string(glance.check->evidence);
  needed += ')';
  add_line(text, "Needed for", needed);
  return text;
}

void write_brief(json::Writer& out, const FirewallWords& words, const Glance& glance) {
  const config::Check& check = *glance.check;
  out.begin_object();
  out.member("check", check.id).member("name", check.name).member("product", *check.product);
  out.key("requirement").value_or_null(config::requirement_id(check));
  out.key("purpose").value_or_null(config::purpose(check));
  out.key("device").value_or_null(check.device);
  out.member("severity", to_string(glance.severity));
  out.member("state", to_string(glance.status.verdict));
  out.key("reason").value_or_null(reason_word(glance));
  out.key("message").value_or_null(explanation(glance));
  out.member("last_change", glance.status.last_change);
  out.member("target", glance.spec->target.text);
  write_texts(out, "suppressed_by", engine::held_by(glance.status.modifiers));
  out.member("certificate_not_after", certificate_end(glance));
  out.key("firewall").value_or_null(words.of(glance));
  out.end_object();
}

std::string utc_text(WallTime time) {
  std::string text = json::rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  text.replace(text.find('T'), 1, " ");
  text.replace(text.find('.'), std::string::npos, " UTC");
  return text;
}

}  // namespace reachd::web
