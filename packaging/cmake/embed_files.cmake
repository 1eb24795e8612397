# Run by reachd_embed() with cmake -P: writes HEADER and SOURCE that hold the bytes of FILES under the name NAME.
set(table "")
set(arrays "")
set(index 0)
foreach(file ${FILES})
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  cmake_path(GET file FILENAME base)
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${base}\", text(kFile${index}, sizeof(kFile${index}) - 1)},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE "${HEADER}" "#pragma once

#include \"probes/core/embedded.hpp\"

namespace reachd::embedded {
std::span<const EmbeddedFile> ${NAME}() noexcept;
}  // namespace reachd::embedded
")
file(WRITE "${SOURCE}" "#include \"${NAME}.hpp\"

namespace reachd::embedded {
namespace {
std::string_view text(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
${arrays}}  // namespace

std::span<const EmbeddedFile> ${NAME}() noexcept {
  static const EmbeddedFile kFiles[] = {
${table}  };
  return kFiles;
}
}  // namespace reachd::embedded
")
