#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "config/plan.hpp"
#include "daemon/engine/board.hpp"
#include "daemon/json/tree.hpp"
#include "probes/core/reason.hpp"

/// The closed lists whose words JSON holds, read back. For the readers of this folder only.
namespace reachd::json {

inline constexpr std::array kVerdicts{engine::Verdict::unknown, engine::Verdict::up,
                                      engine::Verdict::degraded, engine::Verdict::down};
inline constexpr std::array kSeverities{config::Severity::info, config::Severity::warning,
                                        config::Severity::critical};
inline constexpr std::array kPhases{Phase::resolve, Phase::connect, Phase::proxy,
                                    Phase::tls,     Phase::request, Phase::listen};
inline constexpr std::array kModifiers{engine::Modifier::dependency, engine::Modifier::maintenance,
                                       engine::Modifier::flapping};

/// That of `words` which the member says; nothing if it is missing or says something else.
template <typename Word, std::size_t kCount>
std::optional<Word> word_at(const boost::json::value& object, std::string_view name,
                            const std::array<Word, kCount>& words) {
  const auto found =
      std::ranges::find(words, text_at(object, name), [](Word word) { return to_string(word); });
  return found != words.end() ? std::optional(*found) : std::nullopt;
}

}  // namespace reachd::json
