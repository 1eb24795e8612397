# shellcheck shell=bash disable=SC2034 # the lists are for those who source this
# Set-up shared by ./run and ./test: which Debian packages each purpose needs, and how a preset is built.
# Sourced with the working folder at the top of the repository.

readonly kBuildPackages="
  clang-19 lld-19 libclang-rt-19-dev libstdc++-12-dev libc6-dev cmake ninja-build ccache pkg-config git
  libboost1.81-dev libboost-json1.81-dev libssl-dev libc-ares-dev libyaml-cpp-dev prometheus-cpp-dev
  libspdlog-dev libfmt-dev libsqlite3-dev libcli11-dev libre2-dev zlib1g-dev libcrypt-dev
  libhowardhinnant-date-dev python3"
# The servers of the lab: their programs are used, their services never run on the machine itself.
readonly kLabPackages="
  python3 iproute2 nftables util-linux procps openssl nginx-light dnsmasq-base openssh-server"
readonly kTestPackages="
  ${kLabPackages} libgtest-dev libgmock-dev librapidcheck-dev clang-tidy-19 clang-format-19
  curl squid dante-server prometheus prometheus-alertmanager prometheus-blackbox-exporter wrk libfaketime sqlite3 systemd shellcheck dpkg-dev file
  chromium chromium-driver chrony mariadb-server openipmi postfix postgresql rsyslog rsyslog-openssl samba slapd snmpd unbound vsftpd"

# The cross compiler, what builds the libraries for Windows, and what runs and packs the result.
readonly kWindowsPackages="
  g++-mingw-w64-x86-64-posix llvm-19 dpkg-dev autoconf automake libtool tcl make perl libc6-dev gcc unicode-data
  unicode-cldr-core tzdata wine wine64 wixl
  msitools"

# say TEXT: a heading, bold on a terminal.
say() {
  if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi
}

# missing_packages NAME...: prints those that are not installed. One dpkg-query, so a warm start costs nothing.
missing_packages() {
  local installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')"
  for package; do
    [[ "$installed" == *" $package "* ]] || echo "$package"
  done
}

# need_packages "LIST": installs what is missing of a list, as root or with sudo.
need_packages() {
  local -a wanted missing
  if ! command -v dpkg-query >/dev/null; then
    echo "error: this set-up knows Debian 12 only; elsewhere build with CMake as README.md says" >&2
    return 1
  fi
  read -r -a wanted <<<"${1//$'\n'/ }"
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  if [ "$(id -u)" -eq 0 ]; then
    packaging/setup/install-packages "${missing[@]}"
  elif command -v sudo >/dev/null; then
    sudo packaging/setup/install-packages "${missing[@]}"
  else
    echo "error: these packages are missing and neither root nor sudo is at hand: ${missing[*]}" >&2
    echo "       ask an administrator for: packaging/setup/install-packages ${missing[*]}" >&2
    return 1
  fi
}

# configure_windows: makes the libraries of the Windows build unless they are there, and configures for them.
configure_windows() {
  REACHD_WINDOWS_PREFIX=$(packaging/windows-service/build-deps) || return 1
  export REACHD_WINDOWS_PREFIX
  # What was found in another set of libraries must not be remembered.
  grep -qs "^REACHD_WINDOWS_PREFIX:.*=$REACHD_WINDOWS_PREFIX\$" build/windows/CMakeCache.txt ||
    cmake --fresh --preset windows
}

# build_preset PRESET [TARGET...]: configures when needed, builds everything or the named targets.
build_preset() {
  local preset=$1
  shift
  local -a targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  if [ "$preset" = windows ]; then
    configure_windows || return 1
  elif [ ! -f "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" || return 1
  fi
  cmake --build "build/$preset" --parallel "${REACHD_JOBS:-$(nproc)}" "${targets[@]}"
}
