#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/journal/journal.hpp"
#include "probes/core/clock.hpp"
#include "probes/net/network.hpp"

namespace reachd::alert {

/// Has the journal keep how far each sink is. Not after each delivery: that would make the disk
/// synchronise twice for each event; a crash in between costs a repetition. One thread.
class CursorKeeper {
 public:
  /// Writes at most once in `every`, and never while a write is under way. The lent objects outlive
  /// the keeper.
  CursorKeeper(const net::Network& network, journal::Journal& journal, Duration every);
  CursorKeeper(const CursorKeeper&) = delete;
  CursorKeeper& operator=(const CursorKeeper&) = delete;
  ~CursorKeeper();

  void set(const std::string& sink, std::int64_t sequence);
  /// Queues what is new and what is not needed any more before anything that is written later.
  void begin(const std::vector<journal::Cursor>& fresh, std::vector<std::string> gone);
  /// Queues all that is not written yet, and waits for nothing any more.
  void finish();

 private:
  void arm();
  void write(std::vector<std::string> gone);

  journal::Journal& journal_;
  const Duration every_;
  boost::asio::steady_timer timer_;
  bool armed_ = false;
  std::map<std::string, std::int64_t> unwritten_;
  std::shared_ptr<std::atomic<bool>> under_way_;  ///< shared with the journal's thread
  std::shared_ptr<char>
      alive_;  ///< a handler that is still queued when this goes must not touch it
};

}  // namespace reachd::alert
