#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal/reading.hpp"
#include "probes/core/clock.hpp"

namespace reachd::journal {

/// What is remembered of a check beside its events.
struct CheckRow {
  std::string check;  ///< id
  std::string name;
  std::string product;
  std::string device;      ///< empty: none
  std::uint8_t state = 0;  ///< engine::Verdict's numbers; 0: unknown
  WallTime since{};        ///< when that began
  bool has_been_up = false;
  std::string extra;  ///< JSON of whoever writes it; empty: nothing
};

/// An alert as its owner wrote it.
struct AlertRow {
  std::string key;
  std::string body;  ///< JSON
};

/// Up to which event a sink has everything.
struct Cursor {
  std::string sink;
  std::int64_t sequence = 0;
};

/// What belongs together: written in one transaction or not at all. Rows with a known key replace
/// what was there.
struct Entry {
  std::vector<EventRow> events;
  std::vector<Transition> transitions;
  std::vector<CheckRow> checks;
  std::vector<std::string> checks_gone;
  std::vector<AlertRow> alerts;
  std::vector<std::string> alerts_gone;
  std::vector<Cursor> cursors;
  std::vector<std::string> cursors_gone;
};

/// What was kept when the journal was opened.
struct Kept {
  /// Of any event ever written; 0: none. Where a file that may exist can't be read: beyond all that
  /// can have been given.
  std::int64_t last_sequence = 0;
  std::string last_event_id;  ///< empty: none
  std::vector<CheckRow> checks;
  std::vector<AlertRow> alerts;
  std::vector<Cursor> cursors;
};

struct Options {
  std::string folder;                                   ///< made if it is not there
  Duration max_age = std::chrono::days(90);             ///< of events and transitions
  std::uint64_t max_bytes = std::uint64_t{256} << 20U;  ///< of the file; the oldest go first
  std::size_t max_unsaved = std::size_t{32} << 20U;     ///< bytes that wait while it can't write

  bool operator==(const Options&) const = default;
};

/// Told of trouble, on the journal's own thread.
class Listener {
 public:
  virtual ~Listener() = default;
  /// Every attempt that failed.
  virtual void on_journal_error() = 0;
  /// It can't write, since now; `why` is a sentence. What comes is kept in memory and tried again.
  virtual void on_journal_failing(std::string_view why) = 0;
  /// It writes again; everything that waited is there. `lost`: events that memory had no room for.
  virtual void on_journal_recovered(std::size_t lost) = 0;
};

/// The record of what happened, in one SQLite file with one writer, a thread of its own: nobody
/// waits for the disk. Thread-safe.
class Journal {
 public:
  virtual ~Journal() = default;

  /// As at the opening; to be called once.
  virtual Kept take_kept() = 0;
  /// Queues the entry. What is queued together is committed together and synchronised fully.
  /// `done(durable)` is called on the journal's thread, in the order of the calls: true once it
  /// will survive a power cut, false if the journal can't write now and has it in memory; also
  /// where the disk does not answer for 3 s. After close() nothing is taken, nor answered.
  virtual void write(Entry entry, std::function<void(bool durable)> done = {}) = 0;
  /// The events after `sequence`, in their order, at most `most`, whether on disk or still in
  /// memory. Blocks for the disk unless memory has them.
  virtual std::vector<EventRow> next_events(std::int64_t sequence, std::size_t most) const = 0;
  /// The same where memory has them, which it has of the newest; else nothing. Never touches the
  /// disk.
  virtual std::optional<std::vector<EventRow>> recent_events(std::int64_t sequence,
                                                             std::size_t most) const = 0;
  /// next_events() on a thread of its own, one call after the other: for those who must not wait
  /// for the disk. `done` is called there and must be quick; not any more once close() was called.
  virtual void fetch_events(std::int64_t sequence, std::size_t most,
                            std::function<void(std::vector<EventRow>)> done) = 0;
  /// Reads for people: each call on the caller's thread, from the disk (where that can't be read,
  /// from what is in memory).
  virtual const Reading& reading() const = 0;
  /// Writes what is queued, notes that observation ends now, and closes; at most `within`.
  virtual void close(Duration within) = 0;
};

/// Another process writes a journal in this folder. A sentence.
class FolderInUse : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The file's name inside the folder.
inline constexpr std::string_view kFile = "journal.sqlite";

/// Opens or makes the journal. A file that is corrupt is set aside (its name gets the time) and a
/// new one begun; a folder or file that can't be opened is trouble like any other: the journal then
/// lives in memory and tries again. Never throws for the disk, only FolderInUse. Notes that
/// observation begins now. The lent objects outlive the journal.
std::unique_ptr<Journal> open_journal(const Options& options, const Clock& clock,
                                      Listener& listener);

}  // namespace reachd::journal
