#include "probes/registry.hpp"

#include <algorithm>
#include <vector>

#include "probes/cmm_command_mode.hpp"
#include "probes/db2.hpp"
#include "probes/dns.hpp"
#include "probes/ftp.hpp"
#include "probes/http.hpp"
#include "probes/icmp.hpp"
#include "probes/ipmi.hpp"
#include "probes/ldap.hpp"
#include "probes/listen.hpp"
#include "probes/mssql.hpp"
#include "probes/mssql_browser.hpp"
#include "probes/mysql.hpp"
#include "probes/ntp.hpp"
#include "probes/oracle.hpp"
#include "probes/postgresql.hpp"
#include "probes/sap.hpp"
#include "probes/slp.hpp"
#include "probes/smb.hpp"
#include "probes/smtp.hpp"
#include "probes/snmp.hpp"
#include "probes/ssh.hpp"
#include "probes/syslog.hpp"
#include "probes/tcp.hpp"
#include "probes/tls.hpp"
#include "probes/udp.hpp"
#include "probes/wbem.hpp"

namespace reachd {

std::span<const ProbeType> probe_types() noexcept {
  // One line a probe type.
  // clang-format off
  static const std::vector<ProbeType> kTypes = {
      tcp_probe_type(),
      tls_probe_type(),
      http_probe_type(),
      icmp_probe_type(),
      dns_probe_type(),
      udp_probe_type(),
      ntp_probe_type(),
      slp_probe_type(),
      ipmi_probe_type(),
      snmp_probe_type(),
      ldap_probe_type(),
      smb_probe_type(),
      cim_probe_type(),
      winrm_probe_type(),
      sap_probe_type(),
      listen_probe_type(),
      ssh_probe_type(),
      netconf_probe_type(),
      sftp_probe_type(),
      smtp_probe_type(),
      ftp_probe_type(),
      syslog_probe_type(),
      cmm_command_mode_probe_type(),
      postgresql_probe_type(),
      mysql_probe_type(),
      mssql_probe_type(),
      mssql_browser_probe_type(),
      oracle_probe_type(),
      db2_probe_type(),
  };
  // clang-format on
  return kTypes;
}

const ProbeType* find_probe_type(std::string_view name) noexcept {
  const auto types = probe_types();
  const auto found = std::ranges::find(types, name, &ProbeType::name);
  return found == types.end() ? nullptr : &*found;
}

}  // namespace reachd
