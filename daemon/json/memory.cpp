#include "daemon/json/memory.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <limits>

#include "daemon/json/tree.hpp"
#include "daemon/json/words.hpp"
#include "daemon/json/writer.hpp"

namespace reachd::json {
namespace {

using boost::json::value;
using event::Memory;

constexpr std::size_t kMostChanges = 1000;

std::int64_t milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// A number that no WallTime can hold is the epoch.
WallTime time_of(std::int64_t milliseconds) {
  constexpr std::int64_t kMost = std::numeric_limits<Duration::rep>::max() / 1'000'000;
  return milliseconds >= 0 && milliseconds < kMost
             ? WallTime(std::chrono::milliseconds(milliseconds))
             : WallTime();
}

Memory::Outage read_outage(const value& object) {
  Memory::Outage outage;
  outage.standing =
      event::parse_standing(text_at(object, "standing")).value_or(event::Standing::held);
  outage.from = word_at(object, "from", kVerdicts).value_or(engine::Verdict::unknown);
  outage.since = time_of(integer_at(object, "since"));
  outage.reason = parse_reason(text_at(object, "reason"));
  outage.phase = word_at(object, "phase", kPhases).value_or(Phase::none);
  outage.by = word_at(object, "by", kModifiers).value_or(engine::Modifier::none);
  outage.parent = text_at(object, "parent");
  return outage;
}

void write_outage(Writer& out, const Memory::Outage& outage) {
  out.key("outage").begin_object().member("standing", to_string(outage.standing));
  out.member("from", to_string(outage.from)).member("since", milliseconds(outage.since));
  if (outage.reason) {
    out.member("reason", to_string(*outage.reason));
  }
  if (outage.phase != Phase::none) {
    out.member("phase", to_string(outage.phase));
  }
  if (outage.by != engine::Modifier::none) {
    out.member("by", to_string(outage.by));
  }
  if (!outage.parent.empty()) {
    out.member("parent", outage.parent);
  }
  out.end_object();
}

}  // namespace

std::string memory_text(const event::Memory& memory) {
  std::string text;
  if (memory.empty()) {
    return text;
  }
  Writer out(text);
  out.begin_object().member("severity", to_string(memory.severity));
  if (memory.outage) {
    write_outage(out, *memory.outage);
  }
  if (memory.flapping) {
    out.member("flapping", true);
  }
  if (!memory.changes.empty()) {
    out.key("changes").begin_array();
    for (const WallTime change : memory.changes) {
      out.value(milliseconds(change));
    }
    out.end_array();
  }
  if (memory.certificate) {
    out.key("certificate").begin_object().member("end", milliseconds(memory.certificate->end));
    out.member("crossed", memory.certificate->crossed).end_object();
  }
  out.end_object();
  return text;
}

event::Memory read_memory(std::string_view text) {
  Memory memory;
  boost::system::error_code error;
  const value parsed = boost::json::parse({text.data(), text.size()}, error);
  if (error || !parsed.is_object()) {
    return memory;
  }
  memory.severity = word_at(parsed, "severity", kSeverities).value_or(config::Severity::info);
  if (const value* outage = member(parsed, "outage")) {
    memory.outage = read_outage(*outage);
  }
  memory.flapping = flag_at(parsed, "flapping");
  if (const auto* changes = list_at(parsed, "changes")) {
    for (const value& change : *changes) {
      if (change.is_int64() && memory.changes.size() < kMostChanges) {
        memory.changes.push_back(time_of(change.as_int64()));
      }
    }
  }
  if (const value* certificate = member(parsed, "certificate")) {
    memory.certificate = {.end = time_of(integer_at(*certificate, "end")),
                          .crossed = static_cast<std::uint8_t>(std::clamp<std::int64_t>(
                              integer_at(*certificate, "crossed"), 0, 255))};
  }
  return memory;
}

}  // namespace reachd::json
