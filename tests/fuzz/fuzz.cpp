// libFuzzer's entry points. REACHD_FUZZ_TARGET names the parser: one executable serves all.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/fuzz/targets.hpp"

namespace {
const reachd::fuzz::Parser* chosen = nullptr;
}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("REACHD_FUZZ_TARGET");
  const auto targets = reachd::fuzz::targets();
  const auto found = std::ranges::find(targets, std::string_view(name == nullptr ? "" : name),
                                       &reachd::fuzz::Parser::name);
  if (found == targets.end()) {
    std::fputs("REACHD_FUZZ_TARGET has to be one of:", stderr);
    for (const auto& target : targets) {
      std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
    }
    std::fputs("\n", stderr);
    std::exit(2);
  }
  chosen = &*found;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run(std::as_bytes(std::span(data, size)));
  return 0;
}
