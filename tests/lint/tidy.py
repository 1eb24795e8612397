"""clang-tidy over every unit of ours; a unit whose preprocessed input did not change since its last clean run is skipped.

Usage: tidy.py BUILD_DIR
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from source import ROOT, read

BUILD = pathlib.Path(sys.argv[1])
STAMPS = pathlib.Path(os.environ.get("CCACHE_DIR", pathlib.Path.home() / ".cache" / "ccache")).parent / "reachd-tidy"


def digest(entry):
    """Of what the compiler sees of our own tree, without line numbers of system headers."""
    arguments = shlex.split(entry["command"])
    compiler = next(index for index, word in enumerate(arguments) if "clang++" in word)
    arguments = arguments[compiler:]
    cut = arguments.index("-o")
    arguments = arguments[:cut] + arguments[cut + 2:]
    arguments = [word for word in arguments if word != "-c"] + ["-MM"]
    made = [word for word in arguments if word not in ("-MD",)]
    while "-MF" in made:
        index = made.index("-MF")
        made = made[:index] + made[index + 2:]
    while "-MT" in made:
        index = made.index("-MT")
        made = made[:index] + made[index + 2:]
    text = subprocess.run(made, cwd=entry["directory"], check=True, capture_output=True, text=True).stdout
    hasher = hashlib.sha256(read(".clang-tidy").encode())
    for name in sorted(set(re.findall(r"[^\s\\:]+\.[ch]pp", text))):
        path = pathlib.Path(entry["directory"], name).resolve()
        if path.is_relative_to(ROOT):
            hasher.update(path.read_bytes())
    return hasher.hexdigest()


def check(entry):
    stamp = STAMPS / digest(entry)
    if stamp.exists():
        return True, ""
    result = subprocess.run(["clang-tidy-19", "--quiet", "-p", str(BUILD), entry["file"]], capture_output=True, text=True)
    if result.returncode == 0:
        stamp.touch()
    return result.returncode == 0, result.stdout


def main():
    STAMPS.mkdir(parents=True, exist_ok=True)
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    wanted = [entry for entry in entries
              if re.match(r"(probes|config|daemon)/.*\.cpp$", os.path.relpath(entry["file"], ROOT))]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for good, text in pool.map(check, wanted):
            failed += not good
            if not good:
                print(text)
    print(f"tidy: {failed} of {len(wanted)} units have findings")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
