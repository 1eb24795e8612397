#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "daemon/blackbox/run.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::test {

/// Everything that a prober borrows, with a list of what may be probed: nothing at first.
struct BlackboxLab : NetLab {
  config::ProbeAllow allowed;

  /// An entry of probe_allow of texts; `modules` and `ports` are not needed here.
  void allow(std::initializer_list<std::pair<std::string, std::string>> entry) {
    allow_entries({entry});
  }
  void allow_all() { allow_entries({{{"cidr", "0.0.0.0/0"}}, {{"cidr", "::/0"}}}); }

 private:
  void allow_entries(std::vector<std::vector<std::pair<std::string, std::string>>> entries) {
    Value all = list({});
    for (const auto& entry : entries) {
      Value map = Value::map();
      for (const auto& [key, value] : entry) {
        map.members.push_back({key, {}, text(value)});
      }
      all.items.push_back(std::move(map));
    }
    Diagnostics diagnostics;
    allowed = config::ProbeAllow::read(all, diagnostics);
    EXPECT_TRUE(diagnostics.ok()) << diagnostics.to_string();
  }
};

/// Keeps the lines of debug=true.
struct KeptLog final : ProbeLog {
  void line(std::string text) override { lines += text + '\n'; }
  std::string lines;
};

/// A Run and all that it borrows.
struct ModuleRun {
  ModuleRun(BlackboxLab& lab, config::blackbox::Module wanted, std::string at,
            Duration timeout = std::chrono::seconds(4))
      : module(std::move(wanted)),
        target(std::move(at)),
        deadline(lab.deadlines, system_clock().steady_now() + timeout),
        run{.module = module,
            .target = target,
            .hostname = hostname,
            .network = lab.network,
            .deadline = deadline,
            .allow = lab.allowed,
            .samples = samples,
            .log = &log} {
    if (module.name.empty()) {
      module.name = "test";
    }
  }

  config::blackbox::Module module;
  std::string target;
  std::string hostname;
  net::Deadline deadline;
  blackbox::Samples samples;
  KeptLog log;
  blackbox::Run run;
};

}  // namespace reachd::test
