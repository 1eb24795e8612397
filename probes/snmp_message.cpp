#include <algorithm>
#include <array>

#include "probes/core/ber.hpp"
#include "probes/core/bytes.hpp"
#include "probes/snmp.hpp"

namespace reachd::snmp {
namespace {

/// RFC 3416, 3, and RFC 3418's application types.
constexpr std::uint8_t kObjectIdentifier = 0x06;
constexpr std::uint8_t kNull = 0x05;
constexpr std::uint8_t kTimeTicks = 0x43;
constexpr std::uint8_t kGetRequest = 0xA0;
constexpr std::uint8_t kGetResponse = 0xA2;
constexpr std::uint8_t kReport = 0xA8;

/// RFC 3412, 6: what we take, that we want reports, and the user-based security model.
constexpr std::int64_t kLargestAnswer = 4096;
constexpr std::string_view kReportable = "\x04";
constexpr std::int64_t kUserBased = 3;

/// 1.3.6.1.2.1.1.3.0, sysUpTime.0.
constexpr std::string_view kSysUpTime("\x2b\x06\x01\x02\x01\x01\x03\x00", 8);
/// 1.3.6.1.6.3.15.1.1, usmStats (RFC 3414, 5).
constexpr std::string_view kUsmStats("\x2b\x06\x01\x06\x03\x0f\x01\x01", 8);
constexpr std::size_t kLongestEngineId = 32;

constexpr std::size_t kMost = 1024;

/// `fill` writes the contents of an element.
template <typename Fill>
void nested(ByteWriter& out, std::uint8_t tag, Fill fill) {
  ByteWriter contents(kMost);
  fill(contents);
  ber::write(out, tag, contents.data());
}

std::string report_name(std::string_view object) {
  static constexpr std::array<std::string_view, 7> kNames{"",
                                                          "usmStatsUnsupportedSecLevels",
                                                          "usmStatsNotInTimeWindows",
                                                          "usmStatsUnknownUserNames",
                                                          "usmStatsUnknownEngineIDs",
                                                          "usmStatsWrongDigests",
                                                          "usmStatsDecryptionErrors"};
  const bool usm = object.size() == kUsmStats.size() + 2 && object.starts_with(kUsmStats);
  const auto number = usm ? static_cast<unsigned char>(object[kUsmStats.size()]) : 0U;
  return number > 0 && number < kNames.size() ? std::string(kNames[number]) : "another report";
}

/// The name of the first variable of a PDU's list, and its value.
struct Variable {
  std::string_view object;
  ber::Element value;
};

std::optional<Variable> first_variable(std::span<const std::byte> list) {
  ber::Reader variables(list);
  ber::Reader variable(variables.expect(ber::kSequence));
  Variable result{variable.text(kObjectIdentifier), {}};
  result.value = variable.next();
  return variables.ok() && variable.ok() ? std::optional(result) : std::nullopt;
}

}  // namespace

std::vector<std::byte> build_discovery(std::uint32_t id) {
  ByteWriter out(kMost);
  nested(out, ber::kSequence, [id](ByteWriter& message) {
    ber::write_integer(message, static_cast<std::int64_t>(Version::v3));
    nested(message, ber::kSequence, [id](ByteWriter& header) {
      ber::write_integer(header, id);
      ber::write_integer(header, kLargestAnswer);
      ber::write(header, ber::kOctetString, kReportable);
      ber::write_integer(header, kUserBased);
    });
    // No engine, no user: which is what is answered by the engine's own name.
    nested(message, ber::kOctetString, [](ByteWriter& security) {
      nested(security, ber::kSequence, [](ByteWriter& parameters) {
        ber::write(parameters, ber::kOctetString, std::string_view());
        ber::write_integer(parameters, 0);
        ber::write_integer(parameters, 0);
        ber::write(parameters, ber::kOctetString, std::string_view());
        ber::write(parameters, ber::kOctetString, std::string_view());
        ber::write(parameters, ber::kOctetString, std::string_view());
      });
    });
    nested(message, ber::kSequence, [id](ByteWriter& scoped) {
      ber::write(scoped, ber::kOctetString, std::string_view());
      ber::write(scoped, ber::kOctetString, std::string_view());
      nested(scoped, kGetRequest, [id](ByteWriter& request) {
        ber::write_integer(request, id);
        ber::write_integer(request, 0);
        ber::write_integer(request, 0);
        ber::write(request, ber::kSequence, std::string_view());
      });
    });
  });
  return out.data();
}

std::optional<Engine> parse_report(std::span<const std::byte> datagram, std::uint32_t id) {
  ber::Reader whole(datagram);
  ber::Reader message(whole.expect(ber::kSequence));
  const std::int64_t version = message.integer();
  ber::Reader header(message.expect(ber::kSequence));
  const std::int64_t same_id = header.integer();
  header.integer();                  // the largest message it takes
  header.expect(ber::kOctetString);  // flags
  const std::int64_t model = header.integer();
  ber::Reader security(message.expect(ber::kOctetString));
  ber::Reader parameters(security.expect(ber::kSequence));
  const auto engine = parameters.expect(ber::kOctetString);
  Engine result;
  result.boots = parameters.integer();
  result.time = parameters.integer();
  ber::Reader scoped(message.expect(ber::kSequence));
  scoped.expect(ber::kOctetString);  // context engine and name
  scoped.expect(ber::kOctetString);
  ber::Reader report(scoped.expect(kReport));
  report.integer();  // the request's id, if it could be read
  report.integer();
  report.integer();
  const auto variables = report.expect(ber::kSequence);
  const bool well_formed = message.ok() && header.ok() && parameters.ok() && report.ok();
  const bool ours = version == static_cast<std::int64_t>(Version::v3) && same_id == id;
  if (!well_formed || !ours || model != kUserBased || engine.size() > kLongestEngineId) {
    return std::nullopt;
  }
  result.id.assign(engine.begin(), engine.end());
  const auto variable = first_variable(variables);
  result.report = report_name(variable ? variable->object : std::string_view());
  return result;
}

std::vector<std::byte> build_get(Version version, std::string_view community, std::uint32_t id) {
  ByteWriter out(kMost);
  nested(out, ber::kSequence, [&](ByteWriter& message) {
    ber::write_integer(message, static_cast<std::int64_t>(version));
    ber::write(message, ber::kOctetString, community);
    nested(message, kGetRequest, [id](ByteWriter& request) {
      ber::write_integer(request, id);
      ber::write_integer(request, 0);
      ber::write_integer(request, 0);
      nested(request, ber::kSequence, [](ByteWriter& variables) {
        nested(variables, ber::kSequence, [](ByteWriter& variable) {
          ber::write(variable, kObjectIdentifier, kSysUpTime);
          ber::write(variable, kNull, std::string_view());
        });
      });
    });
  });
  return out.data();
}

std::optional<Response> parse_response(std::span<const std::byte> datagram, Version version,
                                       std::uint32_t id) {
  ber::Reader whole(datagram);
  ber::Reader message(whole.expect(ber::kSequence));
  const std::int64_t spoken = message.integer();
  message.expect(ber::kOctetString);  // the community
  ber::Reader response(message.expect(kGetResponse));
  const std::int64_t same_id = response.integer();
  Response result;
  result.error_status = response.integer();
  response.integer();
  const auto variables = response.expect(ber::kSequence);
  const bool ours = spoken == static_cast<std::int64_t>(version) && same_id == id;
  if (!message.ok() || !response.ok() || !ours) {
    return std::nullopt;
  }
  const auto variable = first_variable(variables);
  const bool ticks =
      variable && variable->object == kSysUpTime && variable->value.tag == kTimeTicks;
  // A number of 32 bits without a sign, so up to five octets.
  if (ticks && !variable->value.contents.empty() && variable->value.contents.size() <= 5) {
    std::uint64_t value = 0;
    for (const std::byte octet : variable->value.contents) {
      value = value << 8U | std::to_integer<std::uint64_t>(octet);
    }
    result.up_time = static_cast<std::uint32_t>(value);
  }
  return result;
}

std::string error_name(std::int64_t status) {
  // RFC 3416, 3.
  static constexpr std::array<std::string_view, 19> kNames{"noError",
                                                           "tooBig",
                                                           "noSuchName",
                                                           "badValue",
                                                           "readOnly",
                                                           "genErr",
                                                           "noAccess",
                                                           "wrongType",
                                                           "wrongLength",
                                                           "wrongEncoding",
                                                           "wrongValue",
                                                           "noCreation",
                                                           "inconsistentValue",
                                                           "resourceUnavailable",
                                                           "commitFailed",
                                                           "undoFailed",
                                                           "authorizationError",
                                                           "notWritable",
                                                           "inconsistentName"};
  const bool known = status >= 0 && static_cast<std::size_t>(status) < kNames.size();
  return known ? std::string(kNames[static_cast<std::size_t>(status)])
               : "error " + std::to_string(status);
}

}  // namespace reachd::snmp
