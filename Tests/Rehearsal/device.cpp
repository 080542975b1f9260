// A device that is not the CPU to libtorch, but computes on it: for tests that tensors are placed as
// a CUDA device needs it. Compiled by Scripts/setup-rehearsal.
//
// Every operator runs the CPU's kernel on the same memory. As on CUDA, an operator that meets a
// tensor of the CPU with at least one axis fails, backward passes run in a separate thread, and
// reading an element is a wait, which is counted.
#include <ATen/ATen.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_coalesced_native.h>
#include <ATen/ops/_indices_native.h>
#include <ATen/ops/_nnz_native.h>
#include <ATen/ops/_sparse_coo_tensor_with_dims_and_tensors_native.h>
#include <ATen/ops/_values_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/dense_dim_native.h>
#include <ATen/ops/is_coalesced_native.h>
#include <ATen/ops/sparse_dim_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>

#include "../../Sources/CTorch/Interface/cuda/rows.h"
#include "../../Sources/CTorch/include/ctorch_fused.h"

namespace {
constexpr auto kind = c10::DeviceType::PrivateUse1;
const c10::Device device(kind, 0);

struct Guard final : c10::impl::NoOpDeviceGuardImpl<kind> {
  c10::Device exchangeDevice(c10::Device) const override { return device; }
  c10::Device getDevice() const override { return device; }
  c10::Stream getStream(c10::Device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  // Everything is done when it is called.
  void record(
    void **, const c10::Stream &, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void *, const c10::Stream &) const override {}
  bool queryEvent(void *) const override { return true; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

// Backward passes ask whether there is an accelerator.
struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
};
const bool is_registered = [] {
  static Hooks hooks;
  at::RegisterPrivateUse1HooksInterface(&hooks);
  c10::register_privateuse1_backend("rehearsal");
  return true;
}();

std::atomic<int64_t> waits{0}, uploads{0};

// A tensor over the same memory that is on the other device.
at::Tensor alias(const at::Tensor &t, c10::Device target) {
  if (t.is_sparse())
    return at::_sparse_coo_tensor_unsafe(
      alias(t._indices(), target), alias(t._values(), target), t.sizes(), t.options().device(target),
      t.is_coalesced());
  auto *kept = new c10::Storage(t.storage());
  c10::DataPtr data(
    kept->mutable_data(), kept, [](void *p) { delete static_cast<c10::Storage *>(p); }, target);
  c10::Storage storage(
    c10::Storage::use_byte_size_t(), kept->nbytes(), std::move(data), c10::GetAllocator(c10::kCPU), true);
  auto key = target.is_cpu() ? c10::DispatchKey::CPU : c10::DispatchKey::PrivateUse1;
  auto result = at::detail::make_tensor<c10::TensorImpl>(
    std::move(storage), c10::DispatchKeySet(key), t.dtype());
  result.unsafeGetTensorImpl()->set_storage_offset(t.storage_offset());
  result.unsafeGetTensorImpl()->set_sizes_and_strides(t.sizes(), t.strides());
  return result;
}

// One call: the tensors of the device and what stands for them on the CPU.
struct Call {
  const c10::OperatorHandle &op;
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs;

  at::Tensor on_cpu(const at::Tensor &t) {
    if (!t.defined()) return t;
    if (t.device().type() == kind) {
      pairs.emplace_back(t, alias(t, c10::kCPU));
      return pairs.back().second;
    }
    TORCH_CHECK(
      t.dim() == 0, "Expected all tensors to be on the same device, but found one on ", t.device(),
      " of shape ", t.sizes(), " in ", op.schema().name());
    return t;
  }
  at::Tensor on_device(const at::Tensor &t) {
    if (!t.defined()) return t;
    for (auto &[original, stand_in] : pairs)
      if (t.is_same(stand_in)) return original;
    return alias(t, device);
  }
  // An operator may have resized its outputs.
  void adopt_sizes() {
    for (auto &[original, stand_in] : pairs) {
      if (original.is_sparse() || original.sizes() == stand_in.sizes()) continue;
      auto *target = original.unsafeGetTensorImpl();
      target->set_storage_keep_dtype(alias(stand_in, device).storage());
      target->set_storage_offset(stand_in.storage_offset());
      target->set_sizes_and_strides(stand_in.sizes(), stand_in.strides());
    }
  }
  template <class Change>
  void each(torch::jit::Stack &stack, size_t first, const Change &change) {
    for (size_t i = first; i < stack.size(); i++) {
      auto &value = stack[i];
      if (value.isTensor()) {
        value = change(value.toTensor());
      } else if (value.isTensorList()) {
        c10::List<at::Tensor> list;
        for (const at::Tensor &t : value.toTensorVector()) list.push_back(change(t));
        value = std::move(list);
      } else if (value.isOptionalTensorList()) {
        c10::List<std::optional<at::Tensor>> list;
        for (const std::optional<at::Tensor> &t : value.toOptionalTensorVector())
          list.push_back(t ? std::optional<at::Tensor>(change(*t)) : std::nullopt);
        value = std::move(list);
      } else if (value.isDevice() && value.toDevice().type() == kind) {
        value = c10::Device(c10::kCPU);
      }
    }
  }
};

void on_cpu(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
  Call call{op, {}};
  bool is_sparse = false;
  call.each(*stack, stack->size() - op.schema().arguments().size(), [&](const at::Tensor &t) {
    is_sparse |= t.defined() && t.is_sparse();
    return call.on_cpu(t);
  });
  op.redispatchBoxed(
    c10::DispatchKeySet(is_sparse ? c10::DispatchKey::SparseCPU : c10::DispatchKey::CPU), stack);
  call.adopt_sizes();
  call.each(*stack, stack->size() - op.schema().returns().size(), [&](const at::Tensor &t) {
    return call.on_device(t);
  });
}

at::Tensor empty(
  at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
  std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return alias(at::empty(size, at::TensorOptions().dtype(type), format), device);
}
at::Tensor empty_strided(
  at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
  std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return alias(at::empty_strided(size, stride, at::TensorOptions().dtype(type)), device);
}
at::Tensor &copy_(at::Tensor &to, const at::Tensor &from, bool) {
  if (from.is_cpu() && from.dim() > 0) uploads++;
  if (to.is_cpu()) waits++;
  (to.is_cpu() ? to : alias(to, c10::kCPU)).copy_(from.is_cpu() ? from : alias(from, c10::kCPU));
  return to;
}
at::Scalar element(const at::Tensor &t) {
  waits++;
  return at::_local_scalar_dense(alias(t, c10::kCPU));
}
bool can_replace(const at::Tensor &, const at::Tensor &) { return true; }

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
}
TORCH_LIBRARY_IMPL(_, SparsePrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
}
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("copy_", copy_);
  m.impl("_local_scalar_dense", element);
  m.impl("as_strided", at::native::as_strided_tensorimpl);
  m.impl("view", at::native::view);
  m.impl("_has_compatible_shallow_copy_type", can_replace);
  m.impl(
    "_sparse_coo_tensor_with_dims_and_tensors", at::native::new_with_dims_and_tensor_sparse_symint);
}
TORCH_LIBRARY_IMPL(aten, SparsePrivateUse1, m) {
  m.impl(
    "_sparse_coo_tensor_with_dims_and_tensors", at::native::new_with_dims_and_tensor_sparse_symint);
  for (auto name : {"clone", "copy_"})
    m.impl(name, torch::CppFunction::makeFromBoxedFunction<&on_cpu>());
  m.impl("_indices", at::native::_indices_sparse);
  m.impl("_values", at::native::_values_sparse);
  m.impl("_nnz", at::native::_nnz_sparse);
  m.impl("is_coalesced", at::native::is_coalesced_sparse);
  m.impl("_coalesced_", at::native::_coalesced_sparse_);
  m.impl("sparse_dim", at::native::sparse_dim_sparse);
  m.impl("dense_dim", at::native::dense_dim_sparse);
}

// The fused kernels: the arithmetic of the device, shared among "threads" as there.
std::atomic<int64_t> fused{0};

template <class Body>
int32_t for_each_row(const ct_fused_scores *scores, const Body &body) {
  fused++;
  for (int64_t row = 0; row < scores->rows; row++) {
    if (scores->type == 6)
      body(row, static_cast<const float *>(scores->elements) + row * scores->stride);
    else if (scores->type == 15)
      body(row, static_cast<const ct::Brain *>(scores->elements) + row * scores->stride);
    else
      return 1;
  }
  return 0;
}
int32_t log_sum_exp(const ct_fused_scores *scores, float *maximum, double *sum) {
  return for_each_row(scores, [&](int64_t row, auto *elements) {
    auto whole = ct::nothing<double>();
    for (int thread = 0; thread < ct::threads; thread++) {
      auto own = ct::nothing<float>();
      for (int64_t i = thread * ct::group; i < scores->columns; i += ct::threads * ct::group)
        ct::add(own, elements + i, int(std::min<int64_t>(ct::group, scores->columns - i)));
      whole = ct::joined(whole, ct::LogSum<double>{own.maximum, own.sum});
    }
    const auto result = ct::joined(ct::LogSum<double>{maximum[row], sum[row]}, whole);
    maximum[row] = result.maximum;
    sum[row] = result.sum;
  });
}
template <class Function>
int32_t map(
  const ct_fused_scores *scores, void *result, int64_t stride, const Function &function) {
  return for_each_row(scores, [&](int64_t row, auto *elements) {
    using Score = std::remove_const_t<std::remove_pointer_t<decltype(elements)>>;
    auto *target = static_cast<Score *>(result) + row * stride;
    for (int64_t i = 0; i < scores->columns; i++)
      ct::set(target[i], function(row, ct::value(elements[i])));
  });
}
int32_t exponentials(
  const ct_fused_scores *scores, const float *shift, const float *scale, void *result,
  int64_t stride) {
  return map(scores, result, stride, [&](int64_t row, float score) {
    return ct::exponential(score, shift[row], scale[row]);
  });
}
int32_t softplus(const ct_fused_scores *scores, double *sum) {
  return for_each_row(scores, [&](int64_t row, auto *elements) {
    for (int64_t i = 0; i < scores->columns; i++) sum[row] += ct::softplus(ct::value(elements[i]));
  });
}
int32_t sigmoids(const ct_fused_scores *scores, float scale, void *result, int64_t stride) {
  return map(scores, result, stride, [&](int64_t, float score) {
    return scale * ct::sigmoid(score);
  });
}
}  // namespace

extern "C" __attribute__((visibility("default"))) const ct_fused_table *ct_fused() {
  static const ct_fused_table table = {
    CT_FUSED_VERSION, log_sum_exp, exponentials, softplus, sigmoids};
  return &table;
}
// The number of calls of fused kernels.
extern "C" __attribute__((visibility("default"))) int64_t rehearsal_fused() { return fused; }
// The number of times that the CPU had to wait for the device's results.
extern "C" __attribute__((visibility("default"))) int64_t rehearsal_waits() { return waits; }
// The number of tensors that went from the CPU to the device.
extern "C" __attribute__((visibility("default"))) int64_t rehearsal_uploads() { return uploads; }
