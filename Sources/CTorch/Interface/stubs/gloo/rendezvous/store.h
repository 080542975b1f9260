#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gloo::rendezvous {
class Store {
  using Bytes = std::vector<char>;

 public:
  static constexpr std::chrono::milliseconds kDefaultTimeout = std::chrono::seconds(30);

  // In the order of Gloo's own class, which is that of the table of virtual functions.
  virtual ~Store();
  virtual void set(const std::string &key, const Bytes &value) = 0;
  virtual Bytes get(const std::string &key) = 0;
  virtual void wait(const std::vector<std::string> &keys) = 0;
  virtual void wait(const std::vector<std::string> &, const std::chrono::milliseconds &) {}
  virtual bool has_v2_extended_api() { return false; }
  virtual std::vector<Bytes> multi_get(const std::vector<std::string> &) { return {}; }
  virtual void multi_set(const std::vector<std::string> &, const std::vector<Bytes> &) {}
  virtual void append(const std::string &, const Bytes &) {}
  virtual int64_t add(const std::string &, int64_t) { return 0; }
};
}  // namespace gloo::rendezvous
