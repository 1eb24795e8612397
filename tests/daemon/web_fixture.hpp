#pragma once

#include <string>

#include "daemon/web/callbacks.hpp"
#include "tests/daemon/board_fixture.hpp"

namespace reachd::test {

/// An app that shows `board` and is well.
inline web::Callbacks well(std::shared_ptr<const engine::Board> board) {
  web::Callbacks callbacks;
  callbacks.board = [board = std::move(board)] { return board; };
  callbacks.healthy = [] { return true; };
  callbacks.ready = [] { return true; };
  callbacks.own_series = [](metrics::Format, const metrics::StateCounts&) {
    return std::string("own 1\n");
  };
  callbacks.reload = [](const std::function<void(std::optional<std::string>)>& done) {
    done(std::nullopt);
  };
  return callbacks;
}

}  // namespace reachd::test
