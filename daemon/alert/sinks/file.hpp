#pragma once

#include <memory>

#include "daemon/alert/sink.hpp"
#include "daemon/platform/append_file.hpp"

namespace reachd::alert {

/// A sink that appends each event as a line of JSON to the file, on a thread of its own.
std::shared_ptr<Sink> make_file_sink(std::unique_ptr<platform::AppendFile> file);

}  // namespace reachd::alert
