#pragma once

#include <string>
#include <string_view>

namespace reachd::platform {

/// reachd's text is UTF-8, the Windows interfaces take UTF-16; these stand at the border. What is
/// not valid becomes the replacement character.
std::wstring to_wide(std::string_view utf8);
std::string to_utf8(std::wstring_view utf16);

}  // namespace reachd::platform
