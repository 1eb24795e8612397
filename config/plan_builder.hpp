#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/index_table.hpp"
#include "config/plan.hpp"
#include "config/settings.hpp"

namespace reachd::config {

/// Collects the rows of a plan. Equal probes, timings and words are kept once; an id that is used
/// twice is a problem. Lent references, which outlive the builder.
class PlanBuilder {
 public:
  PlanBuilder(const Settings& settings, const Observed& observed, Diagnostics& diagnostics);

  std::shared_ptr<const Timing> timing(const Timing& timing);
  std::shared_ptr<const std::string> word(std::string_view text);
  std::shared_ptr<const Labels> labels() const noexcept { return labels_; }
  /// Index of the group of this name, made at the first call.
  std::uint32_t group(const std::string& name);

  /// Index of the probe that asks this of this target. `params` holds the probe type's own keys,
  /// already marked where they are not; the caller runs done(). `identity` is their canonical text
  /// (see identity()). Nothing if the probe type refused them, which it has reported.
  std::optional<std::uint32_t> probe(const ProbeType& type, const Target& target, Reader& params,
                                     std::string_view identity,
                                     const std::shared_ptr<const Timing>& timing,
                                     std::shared_ptr<const std::vector<Endpoint>> name_servers);
  /// Passes on what has not been reported at the same place in the same words.
  void report_once(const Diagnostics& problems);
  /// Adds a row. The same check again is left out; another one with its id is reported at `place`.
  /// Returns its index if it is new.
  std::optional<std::uint32_t> add(Check check, const Place& place);

  Plan& plan() noexcept { return plan_; }
  const Settings& settings() const noexcept { return settings_; }
  const Observed& observed() const noexcept { return observed_; }
  Diagnostics& diagnostics() noexcept { return diagnostics_; }
  std::shared_ptr<const std::vector<Endpoint>> name_servers() const noexcept {
    return name_servers_;
  }
  /// Index of the check with this id.
  std::optional<std::uint32_t> find(std::string_view id) const;
  const Place& place(std::uint32_t check) const { return places_[check]; }

 private:
  std::shared_ptr<const Target> proxy(const std::string& url);

  const Settings& settings_;
  const Observed& observed_;
  Diagnostics& diagnostics_;
  Plan plan_;
  std::shared_ptr<const Labels> labels_;
  std::shared_ptr<const std::vector<Endpoint>> name_servers_;
  std::vector<std::shared_ptr<const Timing>> timings_;
  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> words_;
  std::map<std::string, std::uint32_t, std::less<>> groups_;
  std::map<std::string, std::shared_ptr<const Target>, std::less<>> proxies_;  ///< by URL
  IndexTable probes_;                                                          ///< by key
  IndexTable checks_;                                                          ///< by id
  std::set<std::string> reported_;
  std::vector<Place> places_;  ///< of each check
};

/// The members of a map without those whose keys are in `skip`, in one text that is equal for equal
/// maps whatever the order they were written in.
std::string identity(const Value& map, const std::vector<std::string_view>& skip = {});

}  // namespace reachd::config
