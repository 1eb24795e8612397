"""Who includes whom (the table in daemon/README.md), which file may see which library, where platform code and product
names may stand."""

import re

from source import files, finish, read, without_comments_and_strings

# folder: what of ours it may include besides itself. The longest matching folder counts.
EDGES = {
    "probes/core": [],
    "probes/net": ["probes/core"],
    "probes": ["probes/core", "probes/net"],
    "config": ["probes/core", "probes/registry.hpp"],
    "daemon/log": ["probes/core"],
    "daemon/platform": ["probes/core", "daemon/log"],
    "daemon/event": ["probes/core", "config", "daemon/engine"],
    "daemon/json": ["probes/core", "config", "daemon/engine", "daemon/event", "daemon/journal"],
    "daemon/journal": ["probes/core", "daemon/log", "daemon/platform"],
    "daemon/alert": ["probes/core", "probes/net", "config", "daemon/engine", "daemon/event", "daemon/json",
                     "daemon/journal", "daemon/log", "daemon/platform"],
    "daemon/blackbox": ["probes", "config", "daemon/metrics", "daemon/web/prober.hpp", "daemon/web/http.hpp", "daemon/log"],
    "daemon/engine": ["probes/core", "probes/net", "probes/registry.hpp", "config", "daemon/log"],
    "daemon/metrics": ["probes/core", "probes/registry.hpp", "config", "daemon/engine", "daemon/version.hpp"],
    "daemon/web": ["probes/core", "config", "daemon/engine", "daemon/metrics", "daemon/json", "daemon/event", "daemon/journal",
                   "daemon/log", "daemon/version.hpp"],
    "daemon/cli": ["probes", "config", "daemon"],
    "daemon": ["probes", "config", "daemon"],
}

# library header: the only files that may include it
HOMES = {
    r"yaml-cpp/": ["config/yaml"],
    r"ares": ["probes/net/resolver", "probes/net/posix/", "probes/net/linux/"],
    r"sqlite3\.h": ["daemon/journal/"],
    r"date/": ["config/maintenance", "config/linux/zone_database", "config/windows/zone_database"],
    r"prometheus/": ["daemon/metrics/"],
    r"spdlog/": ["daemon/log/"],
    r"CLI/": ["daemon/cli/"],
    r"re2/": ["probes/core/pattern"],
    r"zlib\.h": ["probes/net/inflate", "daemon/web/"],
    r"boost/json": ["daemon/json/"],
    r"boost/beast/": ["probes/net/http", "daemon/web/"],
    r"crypt\.h": ["daemon/web/password"],
    r"openssl/": ["probes/net/", "daemon/web/", "daemon/alert/"],
    r"windows\.h|winsock2\.h": ["/windows/"],
    r"sys/|netinet/|linux/|arpa/|unistd\.h|poll\.h": ["/linux/", "/posix/"],
}

PLATFORM = re.compile(r"_WIN32|__linux__|__unix__|_MSC_VER")
PRODUCTS = re.compile(r"flexera|flexnet|xclarity|lenovo", re.IGNORECASE)


def folder_of(path):
    name = str(path)
    return max((folder for folder in EDGES if name.startswith(folder + "/")), key=len)


def allowed(path, included):
    folder = folder_of(path)
    if folder == "probes":
        kind = path.stem.split("_")[0]
        own = included in (f"probes/{kind}.hpp", "probes/registry.hpp") or included.startswith(f"probes/{kind}_")
        registry = path.name == "registry.cpp"
        if re.fullmatch(r"probes/\w+\.hpp", included):
            return own or registry
    if included.startswith(folder + "/") and folder_of_name(included) == folder:
        return True
    return any(included == edge or included.startswith(edge + "/") for edge in EDGES[folder])


def folder_of_name(name):
    return max((folder for folder in EDGES if name.startswith(folder + "/")), key=len)


def main():
    findings = []
    for path in files("probes/*.[ch]pp", "config/*.[ch]pp", "daemon/*.[ch]pp"):
        text = read(path)
        place = "/" + str(path)
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#include\s+[<"]([^>"]+)[>"]', line)
            if not match:
                continue
            included = match.group(1)
            if re.match(r"(probes|config|daemon)/", included) and not allowed(path, included):
                findings.append(f"{path}:{number}: {folder_of(path)} may not include {included}")
            for library, homes in HOMES.items():
                if re.match(library, included) and not any(home in place for home in homes):
                    findings.append(f"{path}:{number}: {included} has its home in {', '.join(homes)}")
            if included in ("boost/asio.hpp", "boost/beast.hpp"):
                findings.append(f"{path}:{number}: {included} takes 5 s each time; include the parts")
            if included in ("latch", "barrier", "semaphore"):
                findings.append(f"{path}:{number}: <{included}> loses wake-ups on Windows (libstdc++ 12 without futexes)")
        code = without_comments_and_strings(text)
        if not re.search(r"/(linux|posix|windows)/", place) and PLATFORM.search(code):
            findings.append(f"{path}: platform conditionals belong into files chosen by CMake")
        literal = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
        if PRODUCTS.search(literal):
            findings.append(f"{path}: names a product; that is the catalogue's to know")
        if "std::regex" in code:
            findings.append(f"{path}: std::regex is slow and overflows the stack; use probes/core/pattern")
        if path.suffix == ".hpp" and "#pragma once" not in text:
            findings.append(f"{path}: no #pragma once")
    finish("structure", findings)


if __name__ == "__main__":
    main()
