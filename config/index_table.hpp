#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace reachd::config {

/// Finds entries of a growing list by hash. Open addressing in one block: a node a entry would lie
/// between what stays when the table goes, and keep those pages from being given back.
class IndexTable {
 public:
  /// The index of the entry with this hash that `is_it` accepts.
  template <typename IsIt>
  std::optional<std::uint32_t> find(std::uint64_t hash, IsIt is_it) const {
    if (slots_.empty()) {
      return std::nullopt;
    }
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = static_cast<std::size_t>(hash) & mask;; at = (at + 1) & mask) {
      const std::uint32_t index = slots_[at].index;
      if (index == kFree) {
        return std::nullopt;
      }
      if (slots_[at].hash == hash && is_it(index)) {
        return index;
      }
    }
  }

  /// `index` is not in the table yet.
  void insert(std::uint64_t hash, std::uint32_t index) {
    if ((size_ + 1) * 2 > slots_.size()) {
      grow();
    }
    place({hash, index});
    ++size_;
  }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t index = kFree;
  };

  void place(Slot slot) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>(slot.hash) & mask;
    while (slots_[at].index != kFree) {
      at = (at + 1) & mask;
    }
    slots_[at] = slot;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.index != kFree) {
        place(slot);
      }
    }
  }

  std::vector<Slot> slots_;  ///< a power of two, at most half full
  std::size_t size_ = 0;
};

}  // namespace reachd::config
