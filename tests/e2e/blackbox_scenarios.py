"""What blackbox_test.py asks of blackbox_exporter and of reachd: the modules, the servers, the scenarios."""

SERVER, SERVER6, SILENT, DNS = "198.51.100.10", "fd77:0:0:2::10", "198.51.100.11", "198.51.100.54"
NAME, ONLY4, NOBODY = "www.example.com", "four.example.com", "nobody.example.com"
HOLD, BANNER, TERSE, LATIN1, MUTUAL, CLOSED = 9000, 9001, 9002, 9003, 9004, 9009

# Read by both. FOLDER is the lab's.
MODULES = r"""
modules:
  http_2xx: {prober: http}
  http_statuses: {prober: http, http: {valid_status_codes: [404, 500]}}
  http_post: {prober: http, http: {method: POST, headers: {Content-Type: application/json}, body: '{"a":1}'}}
  http_basic: {prober: http, http: {basic_auth: {username: user, password: secret}}}
  http_bearer: {prober: http, http: {authorization: {credentials: token}}}
  http_body: {prober: http, http: {fail_if_body_not_matches_regexp: ["needle", "hay"]}}
  http_not_body: {prober: http, http: {fail_if_body_matches_regexp: ["needle"]}}
  http_header: {prober: http, http: {fail_if_header_not_matches: [{header: X-Version, regexp: "^4[0-9]$"}]}}
  http_header_may_miss: {prober: http, http: {fail_if_header_not_matches: [{header: X-Version, regexp: "^4", allow_missing: true}]}}
  http_not_header: {prober: http, http: {fail_if_header_matches: [{header: X-Version, regexp: "42"}]}}
  http_no_redirect: {prober: http, http: {follow_redirects: false, valid_status_codes: [302]}}
  http_tls: {prober: http, http: {fail_if_not_ssl: true, tls_config: {ca_file: FOLDER/ca/ca.pem}}}
  http_tls_any: {prober: http, http: {tls_config: {insecure_skip_verify: true}}}
  http_plain_only: {prober: http, http: {fail_if_ssl: true, tls_config: {ca_file: FOLDER/ca/ca.pem}}}
  http_named: {prober: http, http: {headers: {Host: www.example.com, X-Token: "1"}, tls_config: {ca_file: FOLDER/ca/ca.pem}}}
  http_gzip: {prober: http, http: {compression: gzip, headers: {Accept-Encoding: gzip}, fail_if_body_not_matches_regexp: ["^compressed"]}}
  http_limit: {prober: http, http: {body_size_limit: 10B}}
  http_version: {prober: http, http: {valid_http_versions: ["HTTP/1.0"]}}
  http_ip4: {prober: http, http: {preferred_ip_protocol: ip4}}
  http_ip6_only: {prober: http, http: {preferred_ip_protocol: ip6, ip_protocol_fallback: false}}
  http_latin1: {prober: http, http: {fail_if_body_not_matches_regexp: ["^err.r$"], fail_if_header_not_matches: [{header: X-Name, regexp: "^Andr.$"}]}}
  http_not_latin1: {prober: http, http: {fail_if_body_matches_regexp: ["err.r"]}}
  http_short: {prober: http, timeout: 300ms}
  tcp_connect: {prober: tcp}
  tcp_ip4: {prober: tcp, tcp: {preferred_ip_protocol: ip4}}
  tcp_ip6_only: {prober: tcp, tcp: {ip_protocol_fallback: false}}
  tcp_source: {prober: tcp, tcp: {source_ip_address: 10.77.0.2}}
  tcp_tls: {prober: tcp, tcp: {tls: true, tls_config: {ca_file: FOLDER/ca/ca.pem}}}
  tcp_tls_any: {prober: tcp, tcp: {tls: true, tls_config: {insecure_skip_verify: true}}}
  tcp_tls_named: {prober: tcp, tcp: {tls: true, tls_config: {ca_file: FOLDER/ca/ca.pem, server_name: www.example.com}}}
  ssh_banner:
    prober: tcp
    tcp: {query_response: [{expect: "^SSH-2.0-"}, {send: "SSH-2.0-blackbox-ssh-check"}]}
  tcp_latin1: {prober: tcp, tcp: {query_response: [{expect: "^hi (.*)$", send: "I am ${1}"}, {expect: "^welcome"}]}}
  banner_other: {prober: tcp, tcp: {query_response: [{expect: "^HELLO"}]}}
  smtp_starttls:
    prober: tcp
    tcp:
      tls_config: {ca_file: FOLDER/ca/ca.pem, server_name: www.example.com}
      query_response:
        - expect: "^220 ([^ ]+) ESMTP"
        - send: "EHLO prober\r"
        - expect: "^250[ -]STARTTLS"
        - send: "STARTTLS\r"
        - expect: "^220"
        - starttls: true
        - send: "EHLO prober\r"
        - expect: "^250[ -]"
        - send: "QUIT\r"
  icmp: {prober: icmp}
  icmp_ip4: {prober: icmp, icmp: {preferred_ip_protocol: ip4, payload_size: 100, ttl: 32}}
  dns_a: {prober: dns, dns: {query_name: www.zone.example, query_type: A}}
  dns_tcp: {prober: dns, dns: {query_name: www.zone.example, query_type: A, transport_protocol: tcp}}
  dns_soa: {prober: dns, dns: {query_name: zone.example, query_type: SOA}}
  dns_mx: {prober: dns, dns: {query_name: zone.example, query_type: MX, validate_answer_rrs: {fail_if_not_matches_regexp: ["MX\\s+10\\s+mail.zone.example\\."]}}}
  dns_nobody: {prober: dns, dns: {query_name: nobody.zone.example, query_type: A}}
  dns_nobody_good: {prober: dns, dns: {query_name: nobody.zone.example, query_type: A, valid_rcodes: [NXDOMAIN],
                    validate_authority_rrs: {fail_if_none_matches_regexp: ["zone.example.\\t.*SOA"]}}}
  dns_match: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_matches_regexp: [".*127.0.0.1"]}}}
  dns_match_fails: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_matches_regexp: ["192.0.2.1$"]}}}
  dns_not_match_fails: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_not_matches_regexp: ["192.0.2.1$"]}}}
  dns_all_match: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_all_match_regexp: ["192.0.2.1$"]}}}
  dns_all_match_every: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_all_match_regexp: ["192.0.2"]}}}
  dns_none_matches: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_none_matches_regexp: ["192.0.2.2$"]}}}
  dns_none_matches_fails: {prober: dns, dns: {query_name: www.zone.example, query_type: A, validate_answer_rrs: {fail_if_none_matches_regexp: ["10.0.0.1"]}}}
  dns_additional: {prober: dns, dns: {query_name: zone.example, query_type: TXT, validate_additional_rrs: {fail_if_matches_regexp: ["."]}}}
"""

UNBOUND = f"""server:
  interface: {DNS}
  do-daemonize: no
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  access-control: 0.0.0.0/0 allow
  minimal-responses: no
  local-zone: "zone.example." static
  local-data: "zone.example. 3600 IN SOA ns.zone.example. admin.zone.example. 2026112201 3600 600 86400 300"
  local-data: "zone.example. 3600 IN NS ns.zone.example."
  local-data: "zone.example. 3600 IN MX 10 mail.zone.example."
  local-data: 'zone.example. 3600 IN TXT "some text" "and more"'
  local-data: "www.zone.example. 60 IN A 192.0.2.1"
  local-data: "www.zone.example. 60 IN A 192.0.2.2"
remote-control:
  control-enable: no
"""

LOCATIONS = {
    "/": 'add_header X-Version 42; return 200 "needle in a haystack\\n";',
    "/bare": 'return 200 "nothing special\\n";',
    "/dated": 'add_header Last-Modified "Sun, 22 Nov 2026 08:00:00 GMT"; return 200 "dated\\n";',
    "/empty": "return 204;",
    "/missing": 'return 404 "no\\n";',
    "/error": 'return 500 "ouch\\n";',
    "/redirect": "return 302 /dated;",
    "/redirect-secure": "return 302 https://www.example.com/;",
    "/redirect-away": f"return 302 http://{SERVER}:{CLOSED}/;",
    "/redirect-twice": "return 301 /redirect;",
    "/redirect-loop": "return 302 /redirect-loop;",
    "/auth": 'if ($http_authorization != "Basic dXNlcjpzZWNyZXQ=") { return 401; } return 200 "in\\n";',
    "/bearer": 'if ($http_authorization != "Bearer token") { return 401; } return 200 "in\\n";',
    "/method": 'return 200 "$request_method $content_type $content_length\\n";',
    "/cookie": 'add_header Set-Cookie "seen=yes; Path=/"; return 302 /cookie-needed;',
    "/cookie-needed": 'if ($http_cookie != "seen=yes") { return 403; } return 200 "cookie\\n";',
    "/host": 'if ($host != "www.example.com") { return 403; } return 200 "$host\\n";',
    "/latin1": 'add_header X-Name "Andr\xe9"; return 200 "err\xf6r";',
    "/token": 'if ($http_x_token != "1") { return 403; } return 200 "token\\n";',
    "/gzip": 'gzip on; gzip_types text/plain; gzip_min_length 1; return 200 "compressed compressed compressed compressed\\n";',
}

WEB, SECURE = f"http://{SERVER}", "https://www.example.com"

# (module, target, further parameters); headers and answers that are no metrics are the test's own.
SCENARIOS = {
    "http": [
        *(("http_2xx", WEB + path, {}) for path in (
            "/", "/bare", "/dated", "/empty", "/missing", "/error", "/redirect", "/redirect-away", "/redirect-twice",
            "/redirect-loop", "/auth", "/method", "/cookie", "/gzip")),
        ("http_2xx", f"{SERVER}/", {}),
        ("http_2xx", f"http://{NAME}/host", {}),
        ("http_2xx", f"{NAME}/bare", {}),
        ("http_2xx", f"http://[{SERVER6}]/bare", {}),
        ("http_2xx", f"http://{NOBODY}/", {}),
        ("http_2xx", f"http://{SERVER}:{CLOSED}/", {}),
        ("http_2xx", f"http://{SERVER}:{HOLD}/", {}),
        ("http_2xx", f"http://{SERVER}:{BANNER}/", {}),
        ("http_2xx", f"http://{SILENT}/", {}),
        ("http_2xx", "http://", {}),
        ("http_2xx", "ftp://198.51.100.10/", {}),
        ("http_2xx", f"{WEB}/host", {"hostname": NAME}),
        ("http_tls", f"https://{SERVER}/", {"hostname": NAME}),
        ("http_statuses", WEB + "/missing", {}),
        ("http_statuses", WEB + "/", {}),
        ("http_post", WEB + "/method", {}),
        ("http_basic", WEB + "/auth", {}),
        ("http_bearer", WEB + "/bearer", {}),
        ("http_body", WEB + "/", {}),
        ("http_body", WEB + "/bare", {}),
        ("http_not_body", WEB + "/", {}),
        ("http_not_body", WEB + "/bare", {}),
        ("http_header", WEB + "/", {}),
        ("http_header", WEB + "/bare", {}),
        ("http_header_may_miss", WEB + "/bare", {}),
        ("http_not_header", WEB + "/", {}),
        ("http_not_header", WEB + "/bare", {}),
        ("http_no_redirect", WEB + "/redirect", {}),
        ("http_tls", WEB + "/", {}),
        ("http_tls", SECURE + "/", {}),
        ("http_tls", f"https://{SERVER}/", {}),
        ("http_tls", WEB + "/redirect-secure", {}),
        ("http_2xx", SECURE + "/", {}),
        ("http_tls_any", f"https://{SERVER}/dated", {}),
        ("http_plain_only", SECURE + "/", {}),
        ("http_named", f"https://{SERVER}/host", {}),
        ("http_named", WEB + "/token", {}),
        ("http_gzip", WEB + "/gzip", {}),
        ("http_limit", WEB + "/", {}),
        ("http_version", WEB + "/", {}),
        ("http_ip4", f"http://{NAME}/", {}),
        ("http_ip6_only", f"http://{NAME}/", {}),
        ("http_ip6_only", f"http://{ONLY4}/", {}),
        ("http_short", f"http://{SERVER}:{HOLD}/", {}),
        ("http_latin1", WEB + "/latin1", {}),
        ("http_latin1", WEB + "/", {}),
        ("http_not_latin1", WEB + "/latin1", {}),
        ("http_2xx", f"http://{SERVER}:{TERSE}/", {}),
        ("http_tls_any", f"https://{SERVER}:{MUTUAL}/", {}),
    ],
    "tcp": [
        ("tcp_connect", f"{SERVER}:{HOLD}", {}),
        ("tcp_connect", f"{SERVER}:{CLOSED}", {}),
        ("tcp_connect", f"{SILENT}:80", {}),
        ("tcp_connect", f"{NAME}:80", {}),
        ("tcp_connect", f"{ONLY4}:80", {}),
        ("tcp_connect", f"{NOBODY}:80", {}),
        ("tcp_connect", f"[{SERVER6}]:80", {}),
        ("tcp_connect", SERVER, {}),
        ("tcp_connect", f"{SERVER}:99999", {}),
        ("tcp_ip4", f"{NAME}:80", {}),
        ("tcp_ip6_only", f"{NAME}:80", {}),
        ("tcp_ip6_only", f"{ONLY4}:80", {}),
        ("tcp_source", f"{SERVER}:{HOLD}", {}),
        ("tcp_tls", f"{NAME}:443", {}),
        ("tcp_tls", f"{SERVER}:443", {}),
        ("tcp_tls", f"{SERVER}:443", {"hostname": NAME}),
        ("tcp_tls", f"{SERVER}:80", {}),
        ("tcp_tls_any", f"{SERVER}:443", {}),
        ("tcp_tls_named", f"{SERVER}:443", {}),
        ("tcp_tls_named", f"{SERVER}:443", {"hostname": NOBODY}),
        ("ssh_banner", f"{SERVER}:{BANNER}", {}),
        ("banner_other", f"{SERVER}:{BANNER}", {}),
        ("banner_other", f"{SERVER}:{HOLD}", {}),
        ("tcp_latin1", f"{SERVER}:{LATIN1}", {}),
        ("tcp_tls_any", f"{SERVER}:{MUTUAL}", {}),
        ("tcp_tls_named", f"{SERVER}:{MUTUAL}", {}),
        ("smtp_starttls", f"{SERVER}:25", {}),
    ],
    "icmp": [
        ("icmp", SERVER, {}),
        ("icmp", SERVER6, {}),
        ("icmp", NAME, {}),
        ("icmp", NOBODY, {}),
        ("icmp", SILENT, {}),
        ("icmp_ip4", NAME, {}),
    ],
    "dns": [
        *((module, DNS, {}) for module in (
            "dns_a", "dns_tcp", "dns_soa", "dns_mx", "dns_nobody", "dns_nobody_good", "dns_match", "dns_match_fails",
            "dns_not_match_fails", "dns_all_match", "dns_all_match_every", "dns_none_matches", "dns_none_matches_fails",
            "dns_additional")),
        ("dns_a", f"{DNS}:53", {}),
        ("dns_a", f"{DNS}:54", {}),
        ("dns_tcp", f"{DNS}:54", {}),
        ("dns_a", SILENT, {}),
        ("dns_a", NOBODY, {}),
    ],
}
