#include "daemon/journal/sqlite.hpp"

#include <sqlite3.h>

namespace reachd::journal::sqlite {
namespace {

constexpr int kBusyMs = 2000;
/// Of a statement's text in an error.
constexpr std::size_t kMostSql = 60;

Error error_of(sqlite3* handle, int code, std::string_view what) {
  std::string sentence(what.substr(0, kMostSql));
  const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  sentence += ": ";
  sentence += handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  if (system_error != 0 && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_CORRUPT) {
    sentence += " (error " + std::to_string(system_error) + ")";
  }
  return {handle != nullptr ? sqlite3_extended_errcode(handle) : code, sentence};
}

[[noreturn]] void fail(sqlite3* handle, int code, std::string_view what) {
  throw error_of(handle, code, what);
}

/// RFC 3986 percent-encoding of what would end the path in SQLite's "file:" form.
std::string file_uri(const std::string& path, std::string_view query) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += kHex[byte >> 4];
      uri += kHex[byte & 15U];
    } else {
      uri += c;
    }
  }
  return uri.append(query);
}

int flags_of(Connection::Mode mode) noexcept {
  constexpr int kShared = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE;
  switch (mode) {
    case Connection::Mode::read_write:
      return kShared | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case Connection::Mode::read_only:
      return kShared | SQLITE_OPEN_READONLY;
    case Connection::Mode::immutable:
      return kShared | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  }
  return kShared | SQLITE_OPEN_READONLY;
}

}  // namespace

bool Error::corrupt() const noexcept {
  const int primary = code_ & 0xff;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

bool Error::passing() const noexcept {
  const int primary = code_ & 0xff;
  return primary == SQLITE_FULL || primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
}

std::string_view Error::cause() const noexcept {
  switch (code_ & 0xff) {
    case SQLITE_FULL:
      return "the disk is full";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program has locked it";
    case SQLITE_READONLY:
      return "it may only be read";
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "no permission";
    case SQLITE_CANTOPEN:
      return "it can't be opened; perhaps only the daemon's user may";
    case SQLITE_IOERR:
      return "the disk has trouble";
    case SQLITE_CORRUPT:
      return "it is corrupt";
    case SQLITE_NOTADB:
      return "it is not a database";
    default:
      return "SQLite refuses";
  }
}

Error corrupt_file(const std::string& finding) { return {SQLITE_CORRUPT, finding}; }

void Connection::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

Connection::Connection(const std::string& path, Mode mode) {
  sqlite3* handle = nullptr;
  const std::string name = mode == Mode::immutable ? file_uri(path, "?immutable=1") : path;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags_of(mode), nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    fail(handle, code, "open");
  }
  sqlite3_busy_timeout(handle, kBusyMs);
}

void Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    fail(handle_.get(), code, sql);
  }
}

std::int64_t Connection::number(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Connection::text(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? std::string(statement.text(0)) : std::string();
}

bool Connection::moved() const noexcept {
  int moved = 0;
  return sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}

std::int64_t Connection::changes() const noexcept { return sqlite3_changes64(handle_.get()); }

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

Statement::Statement(Connection& connection, std::string_view sql)
    : connection_(connection.handle()) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) {
    fail(connection_, code, sql);
  }
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code != SQLITE_DONE) {
    Error error = error_of(connection_, code, sqlite3_sql(statement_.get()));
    reset();
    throw error;
  }
  reset();
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() noexcept { sqlite3_reset(statement_.get()); }

bool Statement::is_null(int column) const noexcept {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const noexcept {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const noexcept {
  // A blob's bytes and a text's in UTF-8 are the same here; asked for in this order, as SQLite
  // wants it, the length fits.
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes != nullptr ? std::string_view(bytes, count) : std::string_view();
}

void Statement::bind_at(int index, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_.get(), index, value.empty() ? "" : value.data(),
                                       value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) {
    fail(connection_, code, "bind");
  }
}

void Statement::bind_integer(int index, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), index, value);
  if (code != SQLITE_OK) {
    fail(connection_, code, "bind");
  }
}

Transaction::Transaction(Connection& connection) : connection_(connection) {
  connection_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (open_) {
    // Where SQLite has rolled back by itself (disk full), there is nothing left to do.
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::commit() {
  connection_.execute("COMMIT");
  open_ = false;
}

}  // namespace reachd::journal::sqlite
