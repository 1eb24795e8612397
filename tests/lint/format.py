"""clang-format has nothing to change."""

import subprocess
import sys

from source import ROOT, files

names = [str(path) for path in files("*.cpp", "*.hpp")]
result = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *names], cwd=ROOT, capture_output=True, text=True)
print(result.stderr[-8000:])
sys.exit(result.returncode)
