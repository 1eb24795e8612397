#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string_view>

#include "probes/net/linux/socket_owner.hpp"

namespace reachd::net {
namespace {

/// Hosts with more control groups or processes than this show no unit or process: evidence must not
/// hold a loop up.
constexpr int kMaxFolders = 4096;
constexpr int kMaxDescriptors = 20000;
constexpr std::size_t kMaxNames = 8;

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// Calls `visit(name, type)` for every entry but . and .. until it returns false.
template <typename F>
void for_each_entry(const std::string& path, F visit) {
  const Folder folder(::opendir(path.c_str()));
  while (folder) {
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) {
      return;
    }
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != ".." && !visit(std::string(name), entry->d_type)) {
      return;
    }
  }
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string cgroup_root() {
  // Alone, or beside the older hierarchies.
  for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (::access((std::string(root) + "/cgroup.procs").c_str(), F_OK) == 0) {
      return root;
    }
  }
  return {};
}

std::string find_folder(const std::string& path, std::uint64_t inode, int depth, int& budget) {
  if (--budget < 0) {
    return {};
  }
  if (inode_of(path) == inode) {
    return path;
  }
  std::string found;
  if (depth > 0) {
    for_each_entry(path, [&](const std::string& name, unsigned char type) {
      if (type == DT_DIR) {
        found = find_folder(path + "/" + name, inode, depth - 1, budget);
      }
      return found.empty() && budget > 0;
    });
  }
  return found;
}

std::string link_target(const std::string& path) {
  std::array<char, 512> target{};
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string();
}

void add(std::vector<std::string>& names, std::string name) {
  if (!name.empty() && names.size() < kMaxNames && std::ranges::find(names, name) == names.end()) {
    names.push_back(std::move(name));
  }
}

/// The command's name, which a program may set itself, and its file's.
void add_names(std::vector<std::string>& names, const std::string& process) {
  std::string command;
  std::getline(std::ifstream(process + "/comm"), command);
  add(names, command);
  constexpr std::string_view kDeleted = " (deleted)";
  std::string file = link_target(process + "/exe");
  if (file.ends_with(kDeleted)) {
    file.resize(file.size() - kDeleted.size());
  }
  add(names, file.substr(file.rfind('/') + 1));
}

bool holds(const std::string& process, const std::string& socket, int& budget) {
  bool found = false;
  const std::string folder = process + "/fd";
  for_each_entry(folder, [&](const std::string& name, unsigned char) {
    found = link_target(folder + "/" + name) == socket;
    return !found && --budget > 0;
  });
  return found;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string user_name(std::uint32_t uid) {
  const std::string number = std::to_string(uid);
  std::ifstream accounts("/etc/passwd");
  for (std::string line; std::getline(accounts, line);) {
    // name:password:uid:...
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second != std::string::npos &&
        line.compare(second + 1, number.size() + 1, number + ":") == 0) {
      return line.substr(0, first);
    }
  }
  return "uid " + number;
}

std::string cgroup_folder(std::uint64_t id) {
  const std::string root = cgroup_root();
  int budget = kMaxFolders;
  return id == 0 || root.empty() ? std::string() : find_folder(root, id, 12, budget);
}

std::string unit_of(const std::string& cgroup) {
  std::string_view rest = cgroup;
  while (!rest.empty()) {
    const std::size_t slash = rest.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? rest : rest.substr(slash + 1);
    for (const std::string_view kind : {".service", ".socket", ".scope"}) {
      if (name.ends_with(kind)) {
        return std::string(name);
      }
    }
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(0, slash);
  }
  return {};
}

std::vector<std::string> processes_of(std::uint32_t inode, const std::string& cgroup) {
  std::vector<std::string> names;
  const std::string socket = "socket:[" + std::to_string(inode) + "]";
  int budget = kMaxDescriptors;
  std::ifstream members(cgroup + "/cgroup.procs");
  for (std::string pid; !cgroup.empty() && std::getline(members, pid);) {
    if (holds("/proc/" + pid, socket, budget)) {
      add_names(names, "/proc/" + pid);
    }
  }
  if (names.empty()) {
    // Made by one unit and handed to another: socket activation.
    for_each_entry("/proc", [&](const std::string& name, unsigned char) {
      if (is_number(name) && holds("/proc/" + name, socket, budget)) {
        add_names(names, "/proc/" + name);
      }
      return budget > 0;
    });
  }
  return names;
}

}  // namespace reachd::net
