#pragma once

#include <expected>
#include <memory>
#include <string>

#include "daemon/journal/history.hpp"
#include "daemon/journal/reading.hpp"

namespace reachd::journal {

/// Reads the folder's file, whatever is there at each call: every call opens it anew, which takes a
/// fraction of a millisecond and follows a file that was set aside. Errors are sentences.
std::unique_ptr<Reading> make_file_reading(const std::string& folder, const Clock& clock);

std::expected<History, std::string> history_in(const std::string& path, WallTime from, WallTime to,
                                               WallTime now);

}  // namespace reachd::journal
