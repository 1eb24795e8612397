"""Certificates of the lab, made with the openssl program: an authority and what it signs."""

import subprocess

_CONFIG = """
[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
default_crl_days = 7
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
commonName = placeholder
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}\n{done.stderr}")


class Authority:
    """A private certificate authority in a folder of its own. Elliptic-curve keys, so that it is quick."""

    def __init__(self, folder, name="Lab Authority"):
        self.folder = folder
        folder.mkdir()
        self.index = folder / "index.txt"  # what OpenSSL's responder reads
        self.index.touch()
        self._config = folder / "openssl.cnf"
        self._config.write_text(_CONFIG.format(folder=folder), encoding="ascii")
        self.file = folder / "ca.pem"  # what those who trust it are given
        self.key = folder / "ca.key"
        _openssl("req", "-x509", "-config", self._config, "-extensions", "authority", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.file, "-days", "30",
                 "-subj", f"/CN={name}")

    def issue(self, name, names, not_before=None, not_after=None, ocsp=None, crl=None):
        """A certificate for DNS names and addresses: (certificate file, key file). Times as 20200101000000Z; `ocsp`
        and `crl` are the URLs where its revocation can be asked or looked up."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr"))
        _openssl("req", "-new", "-config", self._config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={names[0][:60]}",
                 "-addext", f"subjectAltName={_alternatives(names)}",
                 *(["-addext", f"authorityInfoAccess=OCSP;URI:{ocsp}"] if ocsp else []),
                 *(["-addext", f"crlDistributionPoints=URI:{crl}"] if crl else []))
        validity = ["-startdate", not_before or "20240101000000Z", "-enddate", not_after or "20991231235959Z"]
        _openssl("ca", "-batch", "-notext", "-config", self._config, "-cert", self.file, "-keyfile", self.key,
                 "-in", request, "-out", certificate, *validity)
        return certificate, key


    def revoke(self, name):
        """Revokes a certificate that issue() made under this name."""
        _openssl("ca", "-config", self._config, "-cert", self.file, "-keyfile", self.key, "-revoke",
                 self.folder / f"{name}.pem")

    def write_list(self, path):
        """The revocation list as it is now, in DER."""
        pem = self.folder / "revoked-certificates.pem"
        _openssl("ca", "-config", self._config, "-cert", self.file, "-keyfile", self.key, "-gencrl", "-out", pem)
        _openssl("crl", "-in", pem, "-outform", "DER", "-out", path)

    def ocsp_response(self, name):
        """What a responder would say of a certificate now: a file in DER, for stapling."""
        request, response = self.folder / f"{name}.ocsp-request", self.folder / f"{name}.ocsp-response"
        _openssl("ocsp", "-issuer", self.file, "-cert", self.folder / f"{name}.pem", "-no_nonce", "-reqout", request)
        _openssl("ocsp", "-index", self.index, "-CA", self.file, "-rsigner", self.file, "-rkey", self.key, "-reqin",
                 request, "-respout", response, "-ndays", "1")
        return response


def self_signed(folder, name, names, bits="ec", days=30):
    """A certificate that nobody vouches for, as management controllers carry it: (certificate file, key file)."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    config = folder / f"{name}.cnf"  # a list of names may be longer than a command line
    config.write_text(f"[req]\ndistinguished_name = dn\nprompt = no\nx509_extensions = ext\n[dn]\nCN = {names[0][:60]}\n"
                      f"[ext]\nsubjectAltName = {_alternatives(names)}\n", encoding="ascii")
    algorithm = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if bits == "ec" else [f"rsa:{bits}"]
    _openssl("req", "-x509", "-config", config, "-newkey", *algorithm, "-nodes", "-keyout", key, "-out", certificate,
             "-days", days)
    return certificate, key


def _alternatives(names):
    return ",".join(("IP:" if name.replace(".", "").isdigit() or ":" in name else "DNS:") + name for name in names)
