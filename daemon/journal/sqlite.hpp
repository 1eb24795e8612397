#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// A thin layer over SQLite; nothing else in reachd includes sqlite3.h. Failures are thrown here,
/// because each statement of a transaction may fail and all fail alike; the room catches them at
/// its own border (Disk, Reading), none leaves it. One object, one thread at a time.
namespace reachd::journal::sqlite {

/// `what()` is a sentence: what was done and what SQLite says.
class Error : public std::runtime_error {
 public:
  Error(int code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  /// SQLite's extended result code.
  int code() const noexcept { return code_; }
  /// The file is no database, or a broken one.
  bool corrupt() const noexcept;
  /// The connection is still good: full disk, locked.
  bool passing() const noexcept;
  /// "the disk is full"
  std::string_view cause() const noexcept;

 private:
  int code_;
};

/// What SQLite would say of a corrupt file; `finding`: of its own check.
Error corrupt_file(const std::string& finding);

class Connection {
 public:
  enum class Mode : std::uint8_t {
    read_write,  ///< makes the file if it is not there
    read_only,
    immutable,  ///< nobody writes: no lock is taken and no file beside it is looked at
  };
  /// Waits at most 2 s for locks that others hold.
  Connection(const std::string& path, Mode mode);

  /// Any number of statements without parameters.
  void execute(const std::string& sql);
  /// The first column of the first row; 0 if there is none.
  std::int64_t number(const std::string& sql);
  std::string text(const std::string& sql);
  /// True if there is no file of that name any more, or another one.
  bool moved() const noexcept;
  /// Rows that the last statement changed.
  std::int64_t changes() const noexcept;
  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement, to be used again and again.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);

  /// Begins anew with these parameters, from the first on; texts are lent until the next bind() or
  /// the end of run().
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }
  /// True: there is a row. After false it has ended and is reset.
  bool step();
  /// To the end, whatever rows come.
  void run();
  /// Lets go of the read lock that an unfinished statement holds.
  void reset() noexcept;

  bool is_null(int column) const noexcept;
  std::int64_t integer(int column) const noexcept;
  /// Valid until the next step.
  std::string_view text(int column) const noexcept;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  void bind_at(int index, std::string_view value);
  template <std::integral Number>
  void bind_at(int index, Number value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  void bind_integer(int index, std::int64_t value);

  sqlite3* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// All or nothing: without commit() it is rolled back.
class Transaction {
 public:
  /// Takes the write lock at once.
  explicit Transaction(Connection& connection);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace reachd::journal::sqlite
