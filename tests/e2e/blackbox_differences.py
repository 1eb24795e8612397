"""Where reachd's answers differ from those of blackbox_exporter 0.23, the version that Debian 12 has. What reachd follows is
the newest, commit e39d7d4 of 2026-07-24. A row that no scenario needs any more fails the test."""

_NEWER = "newer than 0.23"
_KEPT = "reachd tells of a certificate also where it is not good, when it is needed most"
_TOOK = "the phases that ended are told where the certificate is not good; theirs stay 0"
_NO_TARGET = "reachd sees that it is no such target before it looks for an address"

# (series, scenario, why): the first two are patterns of fnmatch; a series is shown as name{label=value}.
KNOWN = [
    ("probe_timeout_seconds", "*", f"{_NEWER}: the budget of the probe"),
    ("probe_tls_cipher_info{*}", "*", _NEWER),
    ("probe_failed_due_to_bytes", "*", f"{_NEWER}: of expect_bytes"),
    ("probe_failed_due_to_regex", "tcp_*", "0.23 has it always, the newest only once the connection is open"),
    ("probe_success", "tcp_tls 198.51.100.10:443 hostname=*", f"{_NEWER}: hostname is the name for TLS"),
    ("probe_ssl_*", "tcp_tls 198.51.100.10:443*", _KEPT),
    ("probe_ssl_*", "http_tls https://198.51.100.10/", _KEPT),
    ("probe_ssl_*", "http_2xx https://www.example.com/", _KEPT),
    ("probe_tls_version_info{*}", "tcp_tls 198.51.100.10:443*", _KEPT),
    ("probe_tls_version_info{*}", "http_tls https://198.51.100.10/", _KEPT),
    ("probe_tls_version_info{*}", "http_2xx https://www.example.com/", _KEPT),
    ("probe_ssl_*", "*198.51.100.10:9004*", _KEPT),
    ("probe_tls_version_info{*}", "*198.51.100.10:9004*", _KEPT),
    ("probe_http_duration_seconds{phase=connect}", "http_tls_any https://198.51.100.10:9004/", _TOOK),
    ("probe_http_duration_seconds{phase=tls}", "http_tls_any https://198.51.100.10:9004/", _TOOK),
    ("probe_http_duration_seconds{phase=tls}", "http_tls https://198.51.100.10/", _TOOK),
    ("probe_http_duration_seconds{phase=tls}", "http_2xx https://www.example.com/", _TOOK),
    ("probe_http_duration_seconds{phase=connect}", "http_tls https://198.51.100.10/", _TOOK),
    ("probe_http_duration_seconds{phase=connect}", "http_2xx https://www.example.com/", _TOOK),
    ("probe_http_duration_seconds{phase=processing}", "http_2xx http://198.51.100.10:9001/",
     "what is no HTTP is no answer for reachd; theirs has its first byte"),
    ("probe_http_duration_seconds{phase=resolve}", "http_2xx http://", _NO_TARGET),
    ("probe_http_duration_seconds{phase=resolve}", "http_2xx ftp://*", _NO_TARGET),
    ("probe_ip_*", "http_2xx http://", _NO_TARGET),
    ("probe_ip_*", "http_2xx ftp://*", _NO_TARGET),
    ("probe_dns_lookup_time_seconds", "http_2xx http://", _NO_TARGET),
    ("probe_dns_lookup_time_seconds", "http_2xx ftp://*", _NO_TARGET),
    ("probe_ip_*", "tcp_connect 198.51.100.10:99999", _NO_TARGET),
    ("probe_dns_lookup_time_seconds", "tcp_connect 198.51.100.10:99999", _NO_TARGET),
]

# (family, label, why): what reachd's series have more, and what is left out when they are compared.
NEWER_LABELS = [
    ("probe_ssl_last_chain_info", "serialnumber", _NEWER),
]
