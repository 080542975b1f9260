// Checks the parts of a stored graph that the library trusts: counts, levels and links. A search in
// a graph that passes never leaves the graph, whatever else in the file is damaged.
//
// The library's format, little-endian: UInt64 nodes, connectivity, connectivity of level 0, highest
// level, entry; Int16 level of each node; each node as UInt32 key, Int16 level and, for each level
// from 0 on, UInt32 count and room for as many links as the connectivity says, UInt32 each.
#pragma once
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace links {

inline void refuse(const std::string &words) { throw std::runtime_error(words); }

template <class Number>
Number load(const char *bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

struct Header {
  uint64_t nodes, connectivity, base_connectivity, highest_level, entry;
};

// Throws unless `bytes` are a graph whose nodes are the table's rows, in order.
inline void check(const char *bytes, size_t length) {
  if (length < sizeof(Header)) refuse("it is truncated");
  const Header header = load<Header>(bytes);
  if (header.nodes == 0) {
    if (length != sizeof(Header)) refuse("there are bytes after an empty graph");
    return;
  }
  size_t rest = length - sizeof(Header);
  if (header.nodes > rest / sizeof(int16_t)) refuse("more nodes than bytes");
  const size_t nodes = header.nodes;
  // As `graph_new` creates them; both are bounded, since their lists must fit into the file.
  if (header.connectivity < 2 || header.connectivity > rest ||
      header.base_connectivity != 2 * header.connectivity)
    refuse("a connectivity of " + std::to_string(header.connectivity));
  const char *levels = bytes + sizeof(Header);
  rest -= nodes * sizeof(int16_t);
  const size_t base_size = 4 + 4 * size_t(header.base_connectivity);
  const size_t list_size = 4 + 4 * size_t(header.connectivity);
  auto level = [&](size_t node) { return load<int16_t>(levels + node * sizeof(int16_t)); };

  if (header.entry >= nodes) refuse("the entry is node " + std::to_string(header.entry));
  if (level(header.entry) < 0 || header.highest_level > uint64_t(level(header.entry)))
    refuse("the entry is below the highest level");

  const char *place = levels + nodes * sizeof(int16_t);
  for (size_t node = 0; node < nodes; node++) {
    const auto fault = [&](const std::string &words) {
      refuse("node " + std::to_string(node) + " of " + std::to_string(nodes) + " " + words);
    };
    const int top = level(node);
    if (top < 0) fault("has the level " + std::to_string(top));
    const size_t head = sizeof(uint32_t) + sizeof(int16_t);
    const size_t lists = base_size + size_t(top) * list_size;
    if (lists > rest || rest - lists < head) fault("does not fit");
    rest -= head + lists;
    if (load<uint32_t>(place) != node) fault("is not the row of that number");
    if (load<int16_t>(place + sizeof(uint32_t)) != top) fault("has two levels");
    place += head;
    for (int at = 0; at <= top; at++) {
      const uint64_t room = at == 0 ? header.base_connectivity : header.connectivity;
      const uint32_t count = load<uint32_t>(place);
      if (count > room) fault("has " + std::to_string(count) + " links");
      for (uint32_t link = 0; link < count; link++) {
        const uint32_t to = load<uint32_t>(place + 4 + 4 * size_t(link));
        if (to >= nodes || level(to) < at)
          fault("has a link to node " + std::to_string(to) + " on level " + std::to_string(at));
      }
      place += at == 0 ? base_size : list_size;
    }
  }
  if (rest != 0) refuse("there are bytes after the last node");
}

}  // namespace links
