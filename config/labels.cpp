#include "config/labels.hpp"

#include <algorithm>
#include <array>

namespace reachd::config {
namespace {

constexpr std::size_t kMostLabels = 32;
constexpr std::size_t kLongestValue = 256;

/// Every label of the contract's series (section 5) and alerts (section 7).
constexpr std::array<std::string_view, 29> kReserved{
    "address",     "alertname", "by",       "cause",     "check",       "device",
    "device_type", "direction", "evidence", "kind",      "le",          "name",
    "necessity",   "outcome",   "phase",    "port",      "position",    "probe",
    "product",     "purpose",   "quantile", "reason",    "requirement", "severity",
    "sink",        "state",     "target",   "transport", "vantage"};
static_assert(std::ranges::is_sorted(kReserved));

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

}  // namespace

bool is_label_name(std::string_view name) noexcept {
  return !name.empty() && is_letter(name.front()) && !name.starts_with("__") &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool is_reserved_label(std::string_view name) noexcept {
  return std::ranges::binary_search(kReserved, name);
}

Labels read_labels(Reader& reader) {
  Labels labels = reader.pairs("labels");
  const Value* map = reader.raw("labels");
  if (map == nullptr) {
    return labels;
  }
  const auto wrong = [&](const Value::Member& member, const std::string& why) {
    reader.diagnostics().error(
        member.place, reader.what() + ": label \"" + member.key.substr(0, 60) + "\" " + why);
  };
  for (const Value::Member& member : map->members) {
    if (!is_label_name(member.key)) {
      wrong(member, "is not a label name: letters, digits and _, not beginning with a digit or __");
    } else if (is_reserved_label(member.key)) {
      wrong(member, "is reserved: reachd's own series have it");
    } else if (member.value.kind == Value::Kind::scalar &&
               (member.value.scalar.empty() || member.value.scalar.size() > kLongestValue ||
                std::ranges::any_of(member.value.scalar, is_control))) {
      wrong(member, "has a value of 1 to 256 bytes without control characters");
    }
  }
  if (labels.size() > kMostLabels) {
    reader.error("labels", "at most 32 labels");
  }
  return labels;
}

}  // namespace reachd::config
