// Collective operations on CUDA tensors, by libtorch's c10d with NCCL.
//
// Scripts/setup-nccl compiles this into libctorch_nccl.so where libtorch has CUDA; ../collectives.cpp
// opens it, once libtorch's CUDA part is loaded. The CPU's libtorch has none of these classes.
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>

// A group of `size` ranks, one device each, which the caller owns. Waits for all ranks; throws.
extern "C" __attribute__((visibility("default"))) c10d::Backend *ct_open_nccl(
  c10::intrusive_ptr<c10d::Store> store, int32_t rank, int32_t size, int32_t device,
  int64_t timeout_ms) {
  // Without it a wait ends at once, and a lost rank ends the process from another thread.
  setenv("TORCH_NCCL_BLOCKING_WAIT", "1", 0);
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::milliseconds(timeout_ms);
  auto group =
    c10::make_intrusive<c10d::ProcessGroupNCCL>(std::move(store), rank, size, std::move(options));
  const at::Device bound(at::kCUDA, c10::DeviceIndex(device));
  group->setBoundDeviceId(bound);
  // The ranks meet here, not in the first step.
  group->eagerConnectSingleDevice(bound);
  return group.release();
}
