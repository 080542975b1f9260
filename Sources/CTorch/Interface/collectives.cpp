// Several processes that compute together: a key-value store for meeting, and collective operations
// on tensors, by libtorch's c10d: with NCCL for tensors on CUDA where libctorch_nccl.so is there
// (cuda/nccl.cpp), and with Gloo for all others.
//
// Compiled by Scripts/setup, which then lets two processes add up their ranks. If either fails, it
// compiles this file again with CT_COLLECTIVES_MISSING, the reason, and every function reports it.
#include "interface.h"

#include <chrono>

#ifndef CT_COLLECTIVES_MISSING
#define USE_C10D_GLOO
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <dlfcn.h>

#include <cstring>

namespace {
using std::chrono::milliseconds;

c10d::Store *as_store(ct_store store) { return reinterpret_cast<c10d::Store *>(store); }
struct Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  // Empty where no tensor is on CUDA, or this libtorch has no NCCL.
  c10::intrusive_ptr<c10d::Backend> nccl;

  bool takes(const at::Tensor &tensor) const { return tensor.is_cpu() || (nccl && tensor.is_cuda()); }
  c10d::Backend &backend(const at::Tensor &tensor) const {
    if (nccl && tensor.is_cuda()) return *nccl;
    return *gloo;
  }
  // The tensor, or a copy of it on the CPU.
  at::Tensor taken(const at::Tensor &tensor) const { return takes(tensor) ? tensor : tensor.cpu(); }
};
Group *as_group(ct_group group) { return reinterpret_cast<Group *>(group); }
c10::intrusive_ptr<c10d::Store> shared_store(ct_store store) {
  return c10::intrusive_ptr<c10d::Store>::unsafe_reclaim_from_nonowning(as_store(store));
}

// The calling thread sleeps until the other ranks have done the same.
void finish(const c10::intrusive_ptr<c10d::Work> &work) { work->wait(); }

// Replaces a tensor by the result of an operation.
template <typename Operation>
void replace(const Group &group, ct_tensor tensor, const Operation &operation) {
  const at::Tensor original = ct::shared(tensor), taken = group.taken(original);
  std::vector<at::Tensor> tensors{taken};
  finish(operation(group.backend(taken), tensors));
  if (!taken.is_same(original)) original.copy_(taken);
  ct::count_write(tensor);
}
}  // namespace

namespace ct {
const char *collectives_missing() { return nullptr; }

int32_t store_open(
  const char *host, int32_t port, int32_t listener, int32_t serves, int64_t timeout_ms,
  ct_store *result, int32_t *bound_port) {
  CT_TRY
  // libtorch reads TORCH_CPP_LOG_LEVEL here, which Python does when it imports torch.
  static const bool has_log_level = (c10::initLogging(), true);
  (void)has_log_level;
  c10d::TCPStoreOptions options;
  options.port = uint16_t(port);
  options.isServer = serves != 0;
  options.waitWorkers = false;
  options.timeout = milliseconds(timeout_ms);
  if (listener >= 0) options.masterListenFd = listener;
  auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
  *bound_port = store->getPort();
  *result = reinterpret_cast<ct_store>(store.release());
  CT_END
}
void store_release(ct_store store) { c10::raw::intrusive_ptr::decref(as_store(store)); }

int32_t store_set(ct_store store, const char *key, const void *bytes, int64_t count) {
  CT_TRY
  const auto *from = static_cast<const uint8_t *>(bytes);
  as_store(store)->set(key, std::vector<uint8_t>(from, from + count));
  CT_END
}

int32_t store_get(
  ct_store store, const char *key, int64_t timeout_ms, void *bytes, int64_t capacity,
  int64_t *count) {
  CT_TRY
  as_store(store)->wait({key}, milliseconds(timeout_ms));
  const std::vector<uint8_t> value = as_store(store)->get(key);
  TORCH_CHECK(
    int64_t(value.size()) <= capacity, "the value of ", key, " has ", value.size(),
    " bytes, expected at most ", capacity);
  memcpy(bytes, value.data(), value.size());
  *count = int64_t(value.size());
  CT_END
}

int32_t store_add(ct_store store, const char *key, int64_t amount, int64_t *result) {
  CT_TRY
  *result = as_store(store)->add(key, amount);
  CT_END
}

int32_t group_open(
  ct_store store, const char *prefix, int32_t rank, int32_t size, const char *host,
  const char *interface, int64_t timeout_ms, ct_group *result) {
  CT_TRY
  // If it is set, the first operation after a death hangs.
  unsetenv("TORCH_GLOO_LAZY_INIT");
  auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout_ms));
  options->devices.push_back(
    interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
              : c10d::ProcessGroupGloo::createDeviceForHostname(host));
  auto prefixed = c10::make_intrusive<c10d::PrefixStore>(prefix, shared_store(store));
  auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(prefixed, rank, size, options);
  *result = reinterpret_cast<ct_group>(new Group{std::move(gloo), {}});
  CT_END
}
void group_release(ct_group group) { delete as_group(group); }

int32_t group_use_cuda(
  ct_group group, ct_store store, const char *prefix, const char *library, int32_t device,
  int64_t timeout_ms) {
  CT_TRY
  void *opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  TORCH_CHECK(opened, dlerror());
  c10d::Backend *(*open)(c10::intrusive_ptr<c10d::Store>, int32_t, int32_t, int32_t, int64_t);
  *reinterpret_cast<void **>(&open) = dlsym(opened, "ct_open_nccl");
  TORCH_CHECK(open, library, " has no ct_open_nccl; run Scripts/setup-nccl");
  Group &all = *as_group(group);
  auto prefixed = c10::make_intrusive<c10d::PrefixStore>(prefix, shared_store(store));
  all.nccl = c10::intrusive_ptr<c10d::Backend>::reclaim(
    open(std::move(prefixed), all.gloo->getRank(), all.gloo->getSize(), device, timeout_ms));
  CT_END
}

int32_t group_reduce(ct_group group, ct_tensor tensor, int32_t operation) {
  CT_TRY
  c10d::AllreduceOptions options;
  options.reduceOp = operation == CT_REDUCE_MAXIMUM ? c10d::ReduceOp::MAX : c10d::ReduceOp::SUM;
  replace(*as_group(group), tensor, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
    return backend.allreduce(tensors, options);
  });
  CT_END
}

int32_t group_gather(ct_group group, ct_tensor tensor, ct_tensor result) {
  CT_TRY
  const Group &all = *as_group(group);
  std::vector<at::Tensor> inputs{all.taken(shared(tensor))};
  replace(all, result, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
    std::vector<std::vector<at::Tensor>> outputs{tensors[0].unbind(0)};
    return backend.allgather(outputs, inputs);
  });
  CT_END
}

int32_t group_scatter_sum(ct_group group, ct_tensor tensor, ct_tensor result) {
  CT_TRY
  const Group &all = *as_group(group);
  std::vector<std::vector<at::Tensor>> inputs{all.taken(shared(tensor)).unbind(0)};
  replace(all, result, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
    return backend.reduce_scatter(tensors, inputs);
  });
  CT_END
}

int32_t group_broadcast(ct_group group, ct_tensor tensor, int32_t root) {
  CT_TRY
  c10d::BroadcastOptions options;
  options.rootRank = root;
  replace(*as_group(group), tensor, [&](c10d::Backend &backend, std::vector<at::Tensor> &tensors) {
    return backend.broadcast(tensors, options);
  });
  CT_END
}

int32_t group_barrier(ct_group group) {
  CT_TRY
  finish(as_group(group)->gloo->barrier());
  CT_END
}
}  // namespace ct

// For Scripts/setup: 0 if ranks 0 ..< size, one process each, agree on a sum.
extern "C" __attribute__((visibility("default"))) int32_t ct_try_collectives(
  int32_t rank, int32_t size, int32_t port) {
  at::set_num_threads(1);
  ct_store store = nullptr;
  ct_group group = nullptr;
  int32_t bound;
  if (ct::store_open("127.0.0.1", port, -1, rank == 0, 20000, &store, &bound)) return 1;
  if (ct::group_open(store, "setup", rank, size, "127.0.0.1", nullptr, 20000, &group)) return 2;
  at::Tensor numbers = at::full({1000}, double(rank + 1), at::kDouble);
  if (ct::group_reduce(group, ct::borrowed(numbers), CT_REDUCE_SUM)) return 3;
  if (!numbers.eq(size * (size + 1) / 2).all().item<bool>()) return 4;
  at::Tensor all = at::zeros({size, 3}, at::kFloat), own = at::full({3}, rank, at::kFloat);
  if (ct::group_gather(group, ct::borrowed(own), ct::borrowed(all))) return 5;
  if (all[size - 1][2].item<float>() != float(size - 1)) return 6;
  if (ct::group_barrier(group)) return 7;
  ct::group_release(group);
  ct::store_release(store);
  return 0;
}

#else

namespace ct {
namespace {
int32_t missing() {
  CT_TRY
  TORCH_CHECK(false, CT_COLLECTIVES_MISSING);
  CT_END
}
}  // namespace

const char *collectives_missing() { return CT_COLLECTIVES_MISSING; }
int32_t store_open(const char *, int32_t, int32_t, int32_t, int64_t, ct_store *, int32_t *) {
  return missing();
}
void store_release(ct_store) {}
int32_t store_set(ct_store, const char *, const void *, int64_t) { return missing(); }
int32_t store_get(ct_store, const char *, int64_t, void *, int64_t, int64_t *) {
  return missing();
}
int32_t store_add(ct_store, const char *, int64_t, int64_t *) { return missing(); }
int32_t group_open(
  ct_store, const char *, int32_t, int32_t, const char *, const char *, int64_t, ct_group *) {
  return missing();
}
void group_release(ct_group) {}
int32_t group_use_cuda(ct_group, ct_store, const char *, const char *, int32_t, int64_t) {
  return missing();
}
int32_t group_reduce(ct_group, ct_tensor, int32_t) { return missing(); }
int32_t group_gather(ct_group, ct_tensor, ct_tensor) { return missing(); }
int32_t group_scatter_sum(ct_group, ct_tensor, ct_tensor) { return missing(); }
int32_t group_broadcast(ct_group, ct_tensor, int32_t) { return missing(); }
int32_t group_barrier(ct_group) { return missing(); }
}  // namespace ct
#endif
