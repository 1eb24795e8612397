#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

/// Looking into a parsed tree without throwing: what is missing or of another type is nothing. For
/// the readers of this folder only.
namespace reachd::json {

/// The member of that name, or null.
inline const boost::json::value* member(const boost::json::value& value, std::string_view name) {
  const boost::json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

inline std::string text_of(const boost::json::value* value) {
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(std::string_view(*text));
}

inline std::string text_at(const boost::json::value& value, std::string_view name) {
  return text_of(member(value, name));
}

inline std::int64_t integer_at(const boost::json::value& value, std::string_view name) {
  const boost::json::value* number = member(value, name);
  const std::int64_t* integer = number == nullptr ? nullptr : number->if_int64();
  return integer == nullptr ? 0 : *integer;
}

inline bool flag_at(const boost::json::value& value, std::string_view name) {
  const boost::json::value* flag = member(value, name);
  const bool* set = flag == nullptr ? nullptr : flag->if_bool();
  return set != nullptr && *set;
}

/// The list of that name; null: there is none.
inline const boost::json::array* list_at(const boost::json::value& value, std::string_view name) {
  const boost::json::value* list = member(value, name);
  return list == nullptr ? nullptr : list->if_array();
}

}  // namespace reachd::json
