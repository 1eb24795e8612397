#include "daemon/log/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>

namespace reachd::log {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

spdlog::level::level_enum spdlog_level(Level level) noexcept {
  constexpr std::array kMap{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                            spdlog::level::err};
  return kMap[static_cast<std::size_t>(level)];
}

/// A sink that writes whole lines to a FILE and flushes each: what is logged before a crash is out.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::FILE* out) : out_(out) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::fwrite(line.data(), 1, line.size(), out_);
  }
  void flush_() override { std::fflush(out_); }

 private:
  std::FILE* out_;
};

spdlog::sink_ptr make_sink(const Options& options) {
  if (options.file.empty()) {
    return std::make_shared<FileSink>(options.out);
  }
  try {
    return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, kMostFileBytes,
                                                                  kMostOldFiles);
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error("can't open the log file " + options.file + ": " + error.what());
  }
}

struct Logger {
  std::shared_ptr<spdlog::logger> logger;
  Format format = Format::text;
};

std::shared_ptr<const Logger> make_logger(const Options& options) {
  auto made = std::make_shared<Logger>();
  made->format = options.format;
  made->logger = std::make_shared<spdlog::logger>("reachd", make_sink(options));
  const char* pattern = options.format == Format::json
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %l: %v";
  made->logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc, "\n"));
  made->logger->set_level(spdlog_level(options.level));
  made->logger->flush_on(spdlog::level::trace);
  return made;
}

/// The one mutable place of the log: which logger is current.
struct Current {
  std::mutex mutex;
  std::shared_ptr<const Logger> logger = make_logger(Options{});
  std::shared_ptr<const Also> also;  ///< null: nobody
  std::atomic<Level> level{Level::info};
};
Current& current() {
  static Current instance;
  return instance;
}

/// Control characters would break lines or move a terminal's cursor.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      if (quotes && (c == '"' || c == '\\')) {
        out += '\\';
      }
      out += c;
    }
  }
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true);
  out += '"';
}

std::string as_json(std::string_view message, const Fields& fields) {
  std::string line = R"("message":)";
  append_string(line, message);
  for (const Field& field : fields) {
    line += ',';
    append_string(line, field.key);
    line += ':';
    if (field.is_number) {
      line += field.value;
    } else {
      append_string(line, field.value);
    }
  }
  return line;
}

std::string as_text(std::string_view message, const Fields& fields) {
  std::string line;
  append_escaped(line, message, false);
  for (const Field& field : fields) {
    line += ' ';
    append_escaped(line, field.key, false);
    line += '=';
    if (field.value.find_first_of(" \"=") == std::string::npos && !field.value.empty()) {
      append_escaped(line, field.value, false);
    } else {
      append_string(line, field.value);
    }
  }
  return line;
}

}  // namespace

std::string_view to_string(Level level) noexcept {
  return kLevels[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == word) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

void configure(const Options& options) {
  Current& now = current();
  auto logger = make_logger(options);
  const std::scoped_lock lock(now.mutex);
  now.logger = std::move(logger);
  now.level = options.level;
}

void also_to(Also also) {
  auto made = also ? std::make_shared<const Also>(std::move(also)) : nullptr;
  const std::scoped_lock lock(current().mutex);
  current().also = std::move(made);
}

bool enabled(Level level) noexcept { return level >= current().level.load(); }

void write(Level level, std::string_view message, const Fields& fields) {
  if (!enabled(level)) {
    return;
  }
  std::shared_ptr<const Logger> logger;
  std::shared_ptr<const Also> also;
  {
    const std::scoped_lock lock(current().mutex);
    logger = current().logger;
    also = current().also;
  }
  const std::string line =
      logger->format == Format::json ? as_json(message, fields) : as_text(message, fields);
  logger->logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  if (also) {
    (*also)(level, as_text(message, fields));
  }
}

bool RareWarning::write(TimePoint now, std::string_view message, Fields fields) {
  {
    const std::scoped_lock lock(mutex_);
    if (last_ && now - *last_ < every_) {
      ++left_out_;
      return false;
    }
    if (left_out_ > 0) {
      fields.emplace_back("left_out", left_out_);
    }
    last_ = now;
    left_out_ = 0;
  }
  warning(message, fields);
  return true;
}

}  // namespace reachd::log
