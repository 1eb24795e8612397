#include "config/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "config/expanders.hpp"
#include "config/plan_builder.hpp"
#include "probes/core/words.hpp"
#include "probes/registry.hpp"

namespace reachd::config {
namespace {

/// `overrides:` and `confirm:` name requirements of the product.
void check_names(const Product& product, const CatalogProduct& catalog, Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  known.reserve(catalog.requirements.size());
  for (const auto& requirement : catalog.requirements) {
    known.push_back(requirement->id);
  }
  const auto check = [&](const std::string& id, const Place& place) {
    if (std::ranges::find(known, id) == known.end()) {
      diagnostics.error(place, "\"" + id + "\" is no requirement of " + catalog.product +
                                   did_you_mean(id, known));
    }
  };
  for (const Override& changed : product.overrides) {
    check(changed.requirement, changed.place);
  }
  const Value* confirm = product.config.find("confirm");
  for (const std::string& id : product.confirm) {
    check(id, confirm == nullptr ? product.config.place : confirm->place);
  }
}

bool is_elsewhere(const Requirement& requirement, const Estate& estate) {
  return !requirement.deployment.empty() && (requirement.deployment == "cloud") != estate.cloud;
}

/// What of the configuration would name a host of the requirement.
std::string needs_of(const Expander& expander, const Requirement& requirement) {
  std::string text(expander.needs);
  if (!requirement.device_types.empty()) {
    text += " of type " + join(requirement.device_types, " or ");
    return requirement.feature.empty() ? text
                                       : text + " with features: [" + requirement.feature + "]";
  }
  std::vector<std::string> words;
  for (const std::string& word : {requirement.argument, requirement.feature}) {
    if (!word.empty()) {
      words.push_back(word);
    }
  }
  return words.empty() ? text : text + " (" + join(words, ", ") + ")";
}

/// An override changes what is probed and names no host; one that changes nothing is not silent.
void explain_override(const Override& changed, const Expander* expander, Expansion& expansion) {
  if (changed.enabled == false || expansion.is_asked_for()) {
    return;
  }
  const Requirement& requirement = expansion.requirement();
  if (expander == nullptr) {
    expansion.builder().diagnostics().error(
        changed.place, "override of " + requirement.id +
                           ": no setting names its host: write it as a check under checks:");
  } else if (is_elsewhere(requirement, expansion.estate())) {
    expansion.omit("it is for deployment: " + requirement.deployment);
  } else {
    expansion.omit("overrides: names no host; it needs " + needs_of(*expander, requirement));
  }
}

void add_product(PlanBuilder& builder, const Product& product, const Catalog& catalog) {
  const CatalogProduct* known = catalog.product(product.product);
  if (known == nullptr) {
    std::vector<std::string_view> names;
    for (const CatalogProduct& entry : catalog.products()) {
      names.push_back(entry.product);
    }
    const Value* name = product.config.find("product");
    builder.diagnostics().error(name == nullptr ? product.config.place : name->place,
                                "\"" + product.product +
                                    "\" is no product of the catalogue, which has " +
                                    join(names, " and ") + did_you_mean(product.product, names));
    return;
  }
  check_names(product, *known, builder.diagnostics());
  const Estate estate = read_estate(product, *known, builder.settings(), builder.diagnostics());
  auto& networks = builder.plan().networks;
  networks.insert(networks.end(), estate.networks.begin(), estate.networks.end());
  for (const auto& requirement : known->requirements) {
    const Expander* expander = find_expander(requirement->expand);
    const auto changed =
        std::ranges::find(product.overrides, requirement->id, &Override::requirement);
    const bool confirmed =
        std::ranges::find(product.confirm, requirement->id) != product.confirm.end();
    Expansion expansion(builder, estate, *known, requirement,
                        changed == product.overrides.end() ? nullptr : &*changed, confirmed);
    if (expander != nullptr && !is_elsewhere(*requirement, estate)) {
      expander->expand(expansion);
    }
    if (changed != product.overrides.end()) {
      explain_override(*changed, expander, expansion);
    }
  }
}

void add_custom(PlanBuilder& builder, const CustomCheck& custom) {
  const std::string what = "check " + custom.name;
  Reader reader(custom.config, builder.diagnostics(), what);
  const ProbeType* type = find_probe_type(custom.probe);
  if (type == nullptr) {
    std::vector<std::string_view> names;
    for (const ProbeType& known : probe_types()) {
      names.push_back(known.name);
    }
    reader.error("probe",
                 "\"" + custom.probe + "\" is no probe" + did_you_mean(custom.probe, names));
    return;
  }
  for (const std::string_view key : check_keys()) {
    reader.has(key);
  }
  const std::string text = reader.required_text("target");
  if (text.empty()) {
    return;
  }
  const auto target = parse_target(text, type->default_port);
  if (!target) {
    reader.error("target", target.error());
    return;
  }
  if (type->needs_port && target->port == 0) {
    const std::string example =
        target->literal ? Endpoint{*target->literal, 443}.to_string() : target->host + ":443";
    reader.error("target", "target needs a port, such as " + example);
    return;
  }
  const std::vector<std::string_view> skip(check_keys().begin(), check_keys().end());
  const auto timing = builder.timing(custom.timing);
  const auto name_servers = custom.resolver.empty()
                                ? builder.name_servers()
                                : std::make_shared<const std::vector<Endpoint>>(custom.resolver);
  const auto probe =
      builder.probe(*type, *target, reader, identity(custom.config, skip), timing, name_servers);
  reader.done();
  if (!probe) {
    return;
  }
  Check check;
  check.id = "custom/" + custom.name;
  check.name = custom.name;
  check.product = builder.word("custom");
  check.probe = *probe;
  check.necessity = custom.necessity;
  check.timing = timing;
  check.labels = builder.labels();
  if (!custom.labels.empty()) {
    Labels labels = builder.settings().labels;
    for (const auto& own : custom.labels) {
      std::erase_if(labels, [&](const auto& label) { return label.first == own.first; });
      labels.push_back(own);
    }
    check.labels = std::make_shared<const Labels>(std::move(labels));
  }
  builder.add(std::move(check), custom.config.place);
}

/// The check that a name in `depends_on` means: of `checks:`, or by its id.
std::optional<std::uint32_t> find_parent(const PlanBuilder& builder, const std::string& name) {
  const auto custom = builder.find("custom/" + name);
  return custom ? custom : builder.find(name);
}

void resolve_dependencies(PlanBuilder& builder) {
  std::vector<Check>& checks = builder.plan().checks;
  for (const CustomCheck& custom : builder.settings().checks) {
    const auto child = builder.find("custom/" + custom.name);
    if (!child) {
      continue;
    }
    const Value* written = custom.config.find("depends_on");
    const Place place = written == nullptr ? custom.config.place : written->place;
    for (const std::string& name : custom.depends_on) {
      const auto parent = find_parent(builder, name);
      if (parent) {
        checks[*child].depends_on.push_back(checks[*parent].id);
        continue;
      }
      std::vector<std::string_view> names;
      for (const CustomCheck& other : builder.settings().checks) {
        names.push_back(other.name);
      }
      if (std::ranges::find(names, name) != names.end()) {
        continue;  // it has a problem of its own, reported already
      }
      builder.diagnostics().error(place, "check " + custom.name + ": depends_on names \"" + name +
                                             "\", which is no check" + did_you_mean(name, names));
    }
  }
}

/// A circle would hold back all its alerts for ever.
void refuse_circles(PlanBuilder& builder) {
  enum class Mark : std::uint8_t { fresh, open, done };
  const std::vector<Check>& checks = builder.plan().checks;
  std::vector<Mark> marks(checks.size(), Mark::fresh);
  for (std::uint32_t start = 0; start < checks.size(); ++start) {
    if (checks[start].depends_on.empty() || marks[start] != Mark::fresh) {
      continue;
    }
    // Depth first without recursion: a long chain must not exhaust the stack.
    std::vector<std::pair<std::uint32_t, std::size_t>> path{{start, 0}};
    marks[start] = Mark::open;
    while (!path.empty()) {
      auto& [index, next] = path.back();
      if (next == checks[index].depends_on.size()) {
        marks[index] = Mark::done;
        path.pop_back();
        continue;
      }
      const auto parent = builder.find(checks[index].depends_on[next++]);
      if (!parent) {
        continue;  // a device: those have been looked through
      }
      if (marks[*parent] == Mark::open) {
        builder.diagnostics().error(builder.place(start),
                                    "depends_on goes in a circle through " + checks[*parent].id);
        return;
      }
      if (marks[*parent] == Mark::fresh) {
        marks[*parent] = Mark::open;
        path.emplace_back(*parent, 0);
      }
    }
  }
}

/// What is required is so by way of what it depends on, too. Without circles.
void raise_parents(PlanBuilder& builder) {
  std::vector<Check>& checks = builder.plan().checks;
  for (const Check& start : checks) {
    std::vector<const Check*> raised{&start};
    while (!raised.empty()) {
      const Check& child = *raised.back();
      raised.pop_back();
      const Severity least = severity(child, false);
      for (const std::string& id : child.depends_on) {
        const auto parent = builder.find(id);
        if (parent && checks[*parent].takes < least) {
          checks[*parent].takes = least;
          raised.push_back(&checks[*parent]);
        }
      }
    }
  }
}

}  // namespace

std::optional<Plan> make_plan(const Settings& settings, const Catalog& catalog,
                              Diagnostics& diagnostics, const Observed& observed) {
  const std::size_t before = diagnostics.count();
  PlanBuilder builder(settings, observed, diagnostics);
  builder.plan().checks.reserve(settings.checks.size());
  builder.plan().probes.reserve(settings.checks.size());
  for (const Product& product : settings.products) {
    add_product(builder, product, catalog);
  }
  for (const CustomCheck& custom : settings.checks) {
    add_custom(builder, custom);
  }
  resolve_dependencies(builder);
  refuse_circles(builder);
  if (diagnostics.count() != before) {
    return std::nullopt;
  }
  raise_parents(builder);
  return std::move(builder.plan());
}

}  // namespace reachd::config
