#include "daemon/journal/store.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "daemon/log/log.hpp"
#include "probes/core/file_path.hpp"

namespace reachd::journal {
namespace {

/// The log is written back into the file after 1000 pages (4 MB), and at most 16 MiB of the log's
/// file stay after that. Of the file, 4 MB stay in memory: so that a storm's rows find their place
/// without reading.
constexpr const char* kSetUp = R"sql(
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 16777216;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -4000;
)sql";

constexpr std::array kStateTables{"checks", "alerts", "cursors", "runs"};

/// Makes the indices anew where the rows are whole. What SQLite's check says then.
std::string mend_indices(sqlite::Connection& connection, const std::string& check,
                         std::string found) {
  if (connection.text("PRAGMA quick_check(1)") != "ok") {
    return found;
  }
  try {
    connection.execute("REINDEX");
  } catch (const sqlite::Error& error) {
    if (error.passing()) {
      throw;  // the disk's trouble
    }
    return found;
  }
  log::warning("an index of the journal was damaged; it is made anew", {{"found", found}});
  return connection.text(check);
}

/// Throws what SQLite throws for a corrupt file if the file is damaged.
void look_through(sqlite::Connection& connection, const std::string& path) {
  std::error_code unknown;
  const auto look = [&](const std::string& what) {
    const std::string check = "PRAGMA integrity_check(" + what + ")";
    std::string answer = connection.text(check);
    if (answer != "ok") {
      answer = mend_indices(connection, check, std::move(answer));
    }
    if (answer != "ok") {
      std::ranges::replace(answer, '\n', ' ');
      throw sqlite::corrupt_file(answer);
    }
  };
  if (std::filesystem::file_size(to_path(path), unknown) <= Store::kCheckedWhole) {
    look("1");
  } else {
    for (const char* table : kStateTables) {
      look(table);
    }
  }
}

/// Runs `row` for each row; of a damaged table as far as it can be read.
void each_row(sqlite::Connection& connection, std::string_view sql, bool salvage,
              const std::function<void(const sqlite::Statement&)>& row) {
  try {
    sqlite::Statement statement(connection, sql);
    while (statement.step()) {
      row(statement);
    }
  } catch (const sqlite::Error&) {
    if (!salvage) {
      throw;
    }
  }
}

}  // namespace

std::int64_t fresh_number(WallTime now) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
}

Opened read_opened(sqlite::Connection& connection, bool salvage) {
  Opened opened;
  Kept& kept = opened.kept;
  const auto read = [&](std::string_view sql, const auto& row) {
    each_row(connection, sql, salvage, row);
  };
  read("SELECT sequence, id FROM events ORDER BY sequence DESC LIMIT 1",
       [&](const sqlite::Statement& row) {
         kept.last_sequence = row.integer(0);
         kept.last_event_id = row.text(1);
       });
  read(
      "SELECT id, name, product, device, state, since, has_been_up, extra FROM checks WHERE NOT "
      "gone",
      [&](const sqlite::Statement& row) {
        kept.checks.push_back({.check = std::string(row.text(0)),
                               .name = std::string(row.text(1)),
                               .product = std::string(row.text(2)),
                               .device = std::string(row.text(3)),
                               .state = static_cast<std::uint8_t>(row.integer(4)),
                               .since = to_time(row.integer(5)),
                               .has_been_up = row.integer(6) != 0,
                               .extra = std::string(row.text(7))});
      });
  read("SELECT key, body FROM alerts ORDER BY key", [&](const sqlite::Statement& row) {
    kept.alerts.push_back({.key = std::string(row.text(0)), .body = std::string(row.text(1))});
  });
  read("SELECT sink, sequence FROM cursors ORDER BY sink", [&](const sqlite::Statement& row) {
    kept.cursors.push_back({.sink = std::string(row.text(0)), .sequence = row.integer(1)});
    // Where the events are lost, their numbers are not given again.
    kept.last_sequence = std::max(kept.last_sequence, row.integer(1));
  });
  read("SELECT max(number) FROM runs",
       [&](const sqlite::Statement& row) { opened.last_run = row.integer(0); });
  return opened;
}

struct Store::Statements {
  explicit Statements(sqlite::Connection& connection)
      : event(connection, "INSERT OR IGNORE INTO events VALUES(?, ?, ?, ?, ?, ?)"),
        find_check(connection, "SELECT number FROM checks WHERE id = ?"),
        new_check(connection, "INSERT INTO checks(id) VALUES(?) RETURNING number"),
        last_step(connection,
                  "SELECT time FROM transitions WHERE check_number = ? AND run = ? "
                  "ORDER BY time DESC LIMIT 1"),
        check(connection,
              "UPDATE checks SET name = ?, product = ?, device = ?, state = ?, since = ?, "
              "has_been_up = ?, extra = ?, gone = 0 WHERE number = ?"),
        check_gone(connection, "UPDATE checks SET gone = 1, extra = '' WHERE id = ?"),
        step(connection, "INSERT OR REPLACE INTO transitions VALUES(?, ?, ?, ?)"),
        alert(connection, "INSERT OR REPLACE INTO alerts VALUES(?, ?)"),
        alert_gone(connection, "DELETE FROM alerts WHERE key = ?"),
        cursor(connection, "INSERT OR REPLACE INTO cursors VALUES(?, ?)"),
        cursor_gone(connection, "DELETE FROM cursors WHERE sink = ?"),
        run(connection, "INSERT OR REPLACE INTO runs VALUES(?1, ?2, ?3, nullif(?4, 0), ?5)") {}

  sqlite::Statement event;
  sqlite::Statement find_check;
  sqlite::Statement new_check;
  sqlite::Statement last_step;
  sqlite::Statement check;
  sqlite::Statement check_gone;
  sqlite::Statement step;
  sqlite::Statement alert;
  sqlite::Statement alert_gone;
  sqlite::Statement cursor;
  sqlite::Statement cursor_gone;
  sqlite::Statement run;
};

Store::Store(const std::string& path) : connection_(path, sqlite::Connection::Mode::read_write) {
  // What a later reachd wrote is left alone, also its settings.
  if (connection_.number("PRAGMA user_version") <=
      static_cast<std::int64_t>(schema_steps().size())) {
    connection_.execute(kSetUp);
    look_through(connection_, path);
  }
  migrate(connection_, schema_steps());
  statements_ = std::make_unique<Statements>(connection_);
}

Store::~Store() = default;

void Store::commit(const Batch& batch) {
  try {
    sqlite::Transaction transaction(connection_);
    write_events(batch);
    write_state(batch);
    write_steps(batch);
    transaction.commit();
  } catch (...) {
    known_.clear();  // it may speak of what was rolled back
    throw;
  }
}

Store::Known& Store::known(const std::string& check) {
  const auto [place, is_new] = known_.try_emplace(check);
  if (is_new) {
    auto& find = statements_->find_check.bind(check);
    const bool found = find.step();
    if (found) {
      place->second.number = find.integer(0);
      find.reset();
    } else {
      auto& insert = statements_->new_check.bind(check);
      if (insert.step()) {
        place->second.number = insert.integer(0);
      }
      insert.run();
    }
  }
  return place->second;
}

void Store::write_events(const Batch& batch) {
  for (const EventPtr& event : batch.events) {
    statements_->event
        .bind(event->sequence, event->id, to_number(event->time), event->kind, event->check,
              event->body)
        .run();
  }
}

void Store::write_state(const Batch& batch) {
  for (const auto& [check, row] : batch.checks) {
    if (row) {
      const std::int64_t number = known(check).number;
      statements_->check
          .bind(row->name, row->product, row->device, row->state, to_number(row->since),
                row->has_been_up, row->extra, number)
          .run();
    } else {
      statements_->check_gone.bind(check).run();
    }
  }
  for (const auto& [key, body] : batch.alerts) {
    if (body) {
      statements_->alert.bind(key, *body).run();
    } else {
      statements_->alert_gone.bind(key).run();
    }
  }
  for (const auto& [sink, sequence] : batch.cursors) {
    if (sequence) {
      statements_->cursor.bind(sink, *sequence).run();
    } else {
      statements_->cursor_gone.bind(sink).run();
    }
  }
  for (const auto& [number, run] : batch.runs) {
    statements_->run
        .bind(number, to_number(run.began), to_number(run.alive),
              run.ended ? to_number(*run.ended) : 0, run.continues)
        .run();
  }
}

void Store::write_steps(const Batch& batch) {
  for (const Step& step : batch.steps) {
    Known& check = known(step.check);
    if (check.run != step.run) {
      auto& last = statements_->last_step.bind(check.number, step.run);
      check.last = last.step() ? last.integer(0) : 0;
      last.reset();
      check.run = step.run;
    }
    check.last = std::max(check.last, to_number(step.time));
    statements_->step.bind(check.number, step.run, check.last, step.state).run();
  }
}

}  // namespace reachd::journal
