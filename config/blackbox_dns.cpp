// The block dns.
#include <algorithm>

#include "config/blackbox_reader.hpp"
#include "config/parts.hpp"

namespace reachd::config::blackbox {
namespace {

using Word = std::pair<std::string_view, std::uint16_t>;

// IANA, "Domain Name System (DNS) Parameters": the names that blackbox_exporter's DNS library
// knows.
// clang-format off
constexpr std::array kTypes = std::to_array<Word>({
    {"A", 1}, {"NS", 2}, {"MD", 3}, {"MF", 4}, {"CNAME", 5}, {"SOA", 6}, {"MB", 7}, {"MG", 8},
    {"MR", 9}, {"NULL", 10}, {"PTR", 12}, {"HINFO", 13}, {"MINFO", 14}, {"MX", 15}, {"TXT", 16},
    {"RP", 17}, {"AFSDB", 18}, {"X25", 19}, {"ISDN", 20}, {"RT", 21}, {"NSAP-PTR", 23}, {"SIG", 24},
    {"KEY", 25}, {"PX", 26}, {"GPOS", 27}, {"AAAA", 28}, {"LOC", 29}, {"NXT", 30}, {"EID", 31},
    {"NIMLOC", 32}, {"SRV", 33}, {"ATMA", 34}, {"NAPTR", 35}, {"KX", 36}, {"CERT", 37},
    {"DNAME", 39}, {"OPT", 41}, {"APL", 42}, {"DS", 43}, {"SSHFP", 44}, {"IPSECKEY", 45},
    {"RRSIG", 46}, {"NSEC", 47}, {"DNSKEY", 48}, {"DHCID", 49}, {"NSEC3", 50}, {"NSEC3PARAM", 51},
    {"TLSA", 52}, {"SMIMEA", 53}, {"HIP", 55}, {"NINFO", 56}, {"RKEY", 57}, {"TALINK", 58},
    {"CDS", 59}, {"CDNSKEY", 60}, {"OPENPGPKEY", 61}, {"CSYNC", 62}, {"ZONEMD", 63}, {"SVCB", 64},
    {"HTTPS", 65}, {"SPF", 99}, {"UINFO", 100}, {"UID", 101}, {"GID", 102}, {"UNSPEC", 103},
    {"NID", 104}, {"L32", 105}, {"L64", 106}, {"LP", 107}, {"EUI48", 108}, {"EUI64", 109},
    {"NXNAME", 128}, {"TKEY", 249}, {"TSIG", 250}, {"IXFR", 251}, {"AXFR", 252}, {"MAILB", 253},
    {"MAILA", 254}, {"ANY", 255}, {"URI", 256}, {"CAA", 257}, {"AVC", 258}, {"AMTRELAY", 260},
    {"RESINFO", 261}, {"TA", 32768}, {"DLV", 32769},
});
constexpr std::array kClasses = std::to_array<Word>({
    {"IN", 1}, {"CS", 2}, {"CH", 3}, {"HS", 4}, {"NONE", 254}, {"ANY", 255},
});
constexpr std::array kRcodes = std::to_array<Word>({
    {"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4}, {"REFUSED", 5},
    {"YXDOMAIN", 6}, {"YXRRSET", 7}, {"NXRRSET", 8}, {"NOTAUTH", 9}, {"NOTZONE", 10},
    {"DSOTYPENI", 11}, {"BADSIG", 16}, {"BADVERS", 16}, {"BADKEY", 17}, {"BADTIME", 18},
    {"BADMODE", 19}, {"BADNAME", 20}, {"BADALG", 21}, {"BADTRUNC", 22}, {"BADCOOKIE", 23},
});
// clang-format on

std::optional<std::uint16_t> number_of(std::span<const Word> words, std::string_view word) {
  const auto found = std::ranges::find(words, word, &Word::first);
  return found == words.end() ? std::nullopt : std::optional(found->second);
}

std::string unknown(std::span<const Word> words, std::string_view kind, std::string_view word) {
  std::vector<std::string_view> names;
  std::ranges::transform(words, std::back_inserter(names), &Word::first);
  return "there is no " + std::string(kind) + " \"" + std::string(word.substr(0, 60)) + "\"" +
         did_you_mean(word, names);
}

std::uint16_t read_word(Block& block, std::string_view key, std::string_view kind,
                        std::span<const Word> words, std::uint16_t fallback) {
  const std::string text = block.text(key);
  const auto number = number_of(words, text);
  if (!text.empty() && !number) {
    block.error(key, std::string(key) + ": " + unknown(words, kind, text));
  }
  return number.value_or(fallback);
}

std::vector<std::uint16_t> read_rcodes(Block& block) {
  std::vector<std::uint16_t> rcodes;
  for (const Value& item : placed_texts(block, "valid_rcodes")) {
    const auto number = number_of(kRcodes, item.scalar);
    if (number) {
      rcodes.push_back(*number);
    } else {
      block.diagnostics().error(item.place, block.what_of("valid_rcodes") + ": " +
                                                unknown(kRcodes, "response code", item.scalar));
    }
  }
  return rcodes.empty() ? Dns().valid_rcodes : rcodes;
}

DnsValidator read_validator(Block& outer, std::string_view key) {
  Block block(outer.below(key), outer.context(), outer.what_of(key));
  DnsValidator result{.fail_if_matches = block.patterns("fail_if_matches_regexp"),
                      .fail_if_all_match = block.patterns("fail_if_all_match_regexp"),
                      .fail_if_not_matches = block.patterns("fail_if_not_matches_regexp"),
                      .fail_if_none_matches = block.patterns("fail_if_none_matches_regexp")};
  block.done();
  return result;
}

/// What can be put into a question (RFC 1035, 3.1): labels of 1 to 63 bytes, 255 with their
/// lengths.
bool is_query_name(std::string_view name) {
  if (name == ".") {
    return true;
  }
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  std::size_t label = 0;
  for (const char c : name) {
    label = c == '.' ? 0 : label + 1;
    if (label > 63) {
      return false;
    }
  }
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.back() != '.' &&
         !name.contains("..") && !name.contains('\\') && !name.contains('\0');
}

}  // namespace

Dns read_dns(const Value& map, Context& context, const std::string& what) {
  Block block(map, context, what);
  Dns result;
  result.address = read_address_choice(block);
  result.source = read_source_address(block);
  result.query_name = block.required_text("query_name");
  if (!result.query_name.empty() && !is_query_name(result.query_name)) {
    block.error("query_name",
                "query_name is no name: labels have 1 to 63 bytes, all of it at most "
                "253, and escapes (\\) are not taken");
  }
  result.query_type = read_word(block, "query_type", "record type", kTypes, result.query_type);
  result.query_class = read_word(block, "query_class", "class", kClasses, result.query_class);
  result.recursion_desired = block.flag("recursion_desired", true);
  constexpr std::array<std::pair<std::string_view, bool>, 3> kTransports{
      {{"udp", false}, {"tcp", true}, {"", false}}};
  result.tcp = block.choice<bool>("transport_protocol", false, kTransports);
  result.tls = block.flag("dns_over_tls", false);
  if (result.tls && !result.tcp) {
    block.error("dns_over_tls", "dns_over_tls needs transport_protocol: tcp");
  }
  result.tls_config = read_tls_config(block);
  result.valid_rcodes = read_rcodes(block);
  result.answer = read_validator(block, "validate_answer_rrs");
  result.authority = read_validator(block, "validate_authority_rrs");
  result.additional = read_validator(block, "validate_additional_rrs");
  block.done();
  return result;
}

}  // namespace reachd::config::blackbox
