#include "daemon/alert/sinks/file.hpp"

#include <utility>

#include "daemon/alert/sinks/blocking.hpp"

namespace reachd::alert {
namespace {

MadeSink make(Reader& params) {
  const std::string path = params.required_text("path");
  MadeSink made;
  made.events =
      make_file_sink(platform::make_append_file(resolve_path(params.place("path"), path)));
  return made;
}

}  // namespace

std::shared_ptr<Sink> make_file_sink(std::unique_ptr<platform::AppendFile> file) {
  const std::shared_ptr<platform::AppendFile> shared = std::move(file);
  return make_blocking_sink({.most_at_once = 1000,
                             .silence = "the disk does not answer",
                             .prepare = [shared](std::span<const Delivery> events) -> Work {
                               std::string text;
                               for (const Delivery& delivery : events) {
                                 text += delivery.json;
                                 text += '\n';
                               }
                               return [shared, text = std::move(text)] {
                                 return shared->append(text);
                               };
                             }});
}

SinkType file_sink() noexcept { return {.name = "file", .calls_people = false, .make = &make}; }

}  // namespace reachd::alert
