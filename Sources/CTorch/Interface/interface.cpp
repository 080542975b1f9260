// The C interface to libtorch: handles, the boxed dispatcher call, gradients, custom functions and
// generators. Compiled by Scripts/setup against the libtorch it finds (2.11 and later).
//
// Rules: no C++ exception leaves a function: CT_TRY … CT_END turns it into a code, and every entry
// of the table is noexcept, so that anything that slips past ends the process instead of crossing a
// Swift frame. The caller owns a returned handle and keeps ownership of one it passes.
//
// Threads: every function may be called from any thread. Reference counts are atomic, operators
// are immutable after `op_find`, the error text and the gradient mode belong to the thread, a node
// is locked while its saved tensors are taken out or freed.
// Writing to a tensor while another thread uses it is a race, as in libtorch.
#include "interface.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ScalarOps.h>
#include <ATen/Version.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/version.h>

#include <cstdlib>
#include <sstream>

namespace ag = torch::autograd;

namespace ct {
// An error thrown by a Swift closure: it travels through libtorch's engine as a C++ exception and
// back to the caller, where Swift retrieves the original error.
struct CallbackError final : std::runtime_error {
  std::shared_ptr<void> payload;
  CallbackError(const std::string &message, std::shared_ptr<void> p)
      : std::runtime_error(message), payload(std::move(p)) {}
};

thread_local std::string error_text;
thread_local std::shared_ptr<void> error_payload;
thread_local std::string pending_text;
thread_local std::shared_ptr<void> pending_payload;

int32_t report(std::exception_ptr caught) noexcept {
  auto say = [](int32_t code, const char *text) {
    error_text = text;
    return code;
  };
  error_payload.reset();
  try {
    std::rethrow_exception(caught);
  } catch (const CallbackError &e) {
    error_payload = e.payload;
    return say(CT_ERROR_CALLBACK, e.what());
  } catch (const c10::IndexError &e) {
    return say(CT_ERROR_INDEX, e.what_without_backtrace());
  } catch (const c10::ValueError &e) {
    return say(CT_ERROR_VALUE, e.what_without_backtrace());
  } catch (const c10::TypeError &e) {
    return say(CT_ERROR_TYPE, e.what_without_backtrace());
  } catch (const c10::NotImplementedError &e) {
    return say(CT_ERROR_NOT_IMPLEMENTED, e.what_without_backtrace());
  } catch (const c10::OutOfMemoryError &e) {
    return say(CT_ERROR_OUT_OF_MEMORY, e.what_without_backtrace());
  } catch (const c10::Error &e) {
    return say(CT_ERROR, e.what_without_backtrace());
  } catch (const std::bad_alloc &e) {
    return say(CT_ERROR_OUT_OF_MEMORY, e.what());
  } catch (const std::exception &e) {
    return say(CT_ERROR, e.what());
  } catch (...) {
    return say(CT_ERROR, "an unknown C++ exception");
  }
}
}  // namespace ct

using namespace ct;

namespace {
// The type that an argument must be converted to, read from the schema once.
enum class Form : uint8_t { plain, real, tensor, optional_tensors, scalars };

struct Operator {
  c10::OperatorHandle handle;
  std::string schema;
  std::vector<Form> forms;
  std::vector<std::optional<c10::IValue>> defaults;

  explicit Operator(const c10::OperatorHandle &h) : handle(h) {
    std::ostringstream text;
    text << h.schema();
    schema = text.str();
    for (auto &argument : h.schema().arguments()) {
      auto type = argument.type();
      if (type->kind() == c10::TypeKind::OptionalType)
        type = type->expectRef<c10::OptionalType>().getElementType();
      Form form = Form::plain;
      if (type->kind() == c10::TypeKind::FloatType) form = Form::real;
      if (type->kind() == c10::TypeKind::TensorType) form = Form::tensor;
      if (type->kind() == c10::TypeKind::ListType) {
        auto element = type->expectRef<c10::ListType>().getElementType()->kind();
        if (element == c10::TypeKind::OptionalType) form = Form::optional_tensors;
        if (element == c10::TypeKind::NumberType) form = Form::scalars;
      }
      forms.push_back(form);
      defaults.push_back(argument.default_value());
    }
  }
};

Operator &as_operator(ct_op op) { return *reinterpret_cast<Operator *>(op); }
c10::GeneratorImpl *as_generator(ct_generator g) {
  return reinterpret_cast<c10::GeneratorImpl *>(g);
}

template <class T, class Source>
c10::IValue list_of(const Source *source, int32_t count) {
  c10::List<T> list;
  list.reserve(count);
  for (int32_t i = 0; i < count; i++) list.push_back(T(source[i]));
  return c10::IValue(std::move(list));
}

// A number as the other operand of `other`. libtorch's overloads for numbers would build the tensor
// too, more slowly, and then convert it; in the narrow types they calculate with its full
// precision.
at::Tensor number_beside(const ct_value &other, double value) {
  auto type = at::kDouble;
  if (other.tag == CT_TENSOR && implementation(other.as.tensor)->dtype() == at::kFloat)
    type = at::kFloat;
  auto number = at::detail::scalar_tensor_static(value, type, at::kCPU);
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  return number;
}

c10::IValue to_value(const ct_value &v, Form form, const ct_value &other) {
  switch (v.tag) {
    case CT_NONE: return {};
    case CT_TENSOR: return c10::IValue(shared(v.as.tensor));
    case CT_INT:
      return form == Form::real ? c10::IValue(double(v.as.integer)) : c10::IValue(v.as.integer);
    case CT_DOUBLE:
      return form == Form::tensor ? c10::IValue(number_beside(other, v.as.real))
                                  : c10::IValue(v.as.real);
    case CT_BOOL: return c10::IValue(v.as.integer != 0);
    case CT_STRING: return c10::IValue(std::string(v.as.string));
    case CT_INTS:
      return form == Form::scalars ? list_of<at::Scalar>(v.as.integers, v.count)
                                   : list_of<int64_t>(v.as.integers, v.count);
    case CT_DOUBLES:
      return form == Form::scalars ? list_of<at::Scalar>(v.as.reals, v.count)
                                   : list_of<double>(v.as.reals, v.count);
    case CT_BOOLS: return list_of<bool>(v.as.booleans, v.count);
    case CT_TENSORS:
    case CT_OPTIONAL_TENSORS: {
      if (form == Form::optional_tensors || v.tag == CT_OPTIONAL_TENSORS) {
        c10::List<std::optional<at::Tensor>> list;
        list.reserve(v.count);
        for (int32_t i = 0; i < v.count; i++)
          list.push_back(
            v.as.tensors[i] ? std::optional<at::Tensor>(shared(v.as.tensors[i])) : std::nullopt);
        return c10::IValue(std::move(list));
      }
      c10::List<at::Tensor> list;
      list.reserve(v.count);
      for (int32_t i = 0; i < v.count; i++) list.push_back(shared(v.as.tensors[i]));
      return c10::IValue(std::move(list));
    }
    case CT_DEVICE:
      return c10::IValue(c10::Device(c10::DeviceType(v.as.integer), c10::DeviceIndex(v.count)));
    case CT_GENERATOR:
      return c10::IValue(at::Generator(
        c10::intrusive_ptr<c10::GeneratorImpl>::unsafe_reclaim_from_nonowning(
          as_generator(v.as.generator))));
    default: TORCH_CHECK(false, "an argument has the unknown tag ", v.tag);
  }
}

void from_value(c10::IValue &&v, ct_value &result) {
  result.count = 0;
  result.as.integer = 0;
  if (v.isTensor()) {
    result.tag = CT_TENSOR;
    result.as.tensor = owned(std::move(v).toTensor());
  } else if (v.isNone()) {
    result.tag = CT_NONE;
  } else if (v.isInt()) {
    result.tag = CT_INT;
    result.as.integer = v.toInt();
  } else if (v.isDouble()) {
    result.tag = CT_DOUBLE;
    result.as.real = v.toDouble();
  } else if (v.isBool()) {
    result.tag = CT_BOOL;
    result.as.integer = v.toBool();
  } else if (v.isTensorList()) {
    auto list = v.toTensorVector();
    auto *tensors = static_cast<ct_tensor *>(malloc(sizeof(ct_tensor) * (list.size() + 1)));
    if (!tensors) throw std::bad_alloc();
    for (size_t i = 0; i < list.size(); i++) tensors[i] = owned(std::move(list[i]));
    result.tag = CT_TENSORS;
    result.count = int32_t(list.size());
    result.as.tensors = tensors;
  } else {
    TORCH_CHECK(false, "a result has the unknown type ", v.tagKind());
  }
}

// A result that the caller will not get, because a later one cannot be passed on.
void give_back(ct_value &result) {
  if (result.tag == CT_TENSOR) adopted(result.as.tensor);
  if (result.tag == CT_TENSORS) {
    for (int32_t i = 0; i < result.count; i++) adopted(result.as.tensors[i]);
    free(result.as.tensors);
  }
}

ag::variable_list shared_list(const ct_tensor *list, int32_t count) {
  ag::variable_list result;
  result.reserve(count);
  for (int32_t i = 0; i < count; i++) result.push_back(shared(list[i]));
  return result;
}

// libtorch counts references to nodes with shared_ptr up to 2.1x and with intrusive_ptr from 2.15;
// the type of Edge::function tells which. Templates, because only they skip the branch not taken.
using NodePointer = decltype(ag::Edge::function);
template <class N, class P = NodePointer>
auto new_node() {
  if constexpr (std::is_same_v<P, c10::intrusive_ptr<ag::Node>>)
    return c10::make_intrusive<N>();
  else
    // Frees long graphs without recursion, as intrusive_ptr does by itself.
    return std::shared_ptr<N>(new N(), [](auto *node) { deleteNode(node); });
}
template <class N, class P = NodePointer>
P pointer_to(N *node) {
  if constexpr (std::is_same_v<P, c10::intrusive_ptr<ag::Node>>)
    return P::unsafe_reclaim_from_nonowning(node);
  else
    return node->getptr();
}

struct CustomNode final : ag::Node {
  std::string label;
  ct_backward_callback callback = nullptr;
  void *context = nullptr;
  ct_free release = nullptr;
  std::vector<ag::SavedVariable> saved;
  int32_t input_count = 0;
  bool freed = false;

  ~CustomNode() override {
    if (release) release(context);
  }
  std::string name() const override { return label; }
  // Two passes over one graph may meet here: one retrieves the tensors that the other frees.
  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto &variable : saved) variable.reset_data();
    freed = true;
  }
  at::Tensor take(int32_t index) {
    std::lock_guard<std::mutex> lock(mutex_);
    check_kept();
    return saved.at(index).unpack(pointer_to(this));
  }
  void check_kept() const {
    TORCH_CHECK(
      !freed, "backward through ", label, " a second time: its saved tensors were freed; keep the ",
      "graph (retainingGraph: true) for a second pass");
  }
  ag::variable_list apply(ag::variable_list &&gradients) override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      check_kept();
    }
    std::vector<ct_tensor> given(gradients.size()), results(input_count, nullptr);
    for (size_t i = 0; i < gradients.size(); i++) given[i] = borrowed(gradients[i]);
    pending_text.clear();
    pending_payload.reset();
    int32_t code = callback(
      context, reinterpret_cast<ct_node>(this), given.data(), int32_t(given.size()),
      results.data(), input_count);
    ag::variable_list list;
    list.reserve(input_count);
    for (auto result : results) list.push_back(adopted(result));
    if (code != CT_OK)
      throw CallbackError(
        pending_text.empty() ? "the backward closure of " + label + " failed" : pending_text,
        std::move(pending_payload));
    return list;
  }
};

CustomNode *as_node(ct_node node) { return reinterpret_cast<CustomNode *>(node); }

// One spare argument stack per thread, so that a call allocates nothing. A call inside another one
// (a Swift backward closure) finds it in use and makes a new one.
thread_local torch::jit::Stack spare_stack;
struct StackLoan {
  torch::jit::Stack stack = std::move(spare_stack);
  ~StackLoan() {
    stack.clear();
    spare_stack = std::move(stack);
  }
};

const char *last_error() { return error_text.c_str(); }
void *take_error_payload() {
  // The payload is an Unmanaged Swift object; the deleter must not run once Swift owns it.
  auto *holder = static_cast<std::pair<void *, ct_free> *>(error_payload.get());
  if (!holder) return nullptr;
  void *payload = holder->first;
  holder->first = nullptr;
  error_payload.reset();
  return payload;
}
void set_callback_error(const char *message, void *payload, ct_free release) {
  pending_text = message;
  pending_payload = std::shared_ptr<void>(
    new std::pair<void *, ct_free>(payload, release), [](void *pointer) {
      auto *holder = static_cast<std::pair<void *, ct_free> *>(pointer);
      if (holder->first && holder->second) holder->second(holder->first);
      delete holder;
    });
}

const char *torch_version() { return TORCH_VERSION; }
const char *cpu_capability() {
  static std::string text = at::get_cpu_capability();
  return text.c_str();
}
int32_t set_thread_count(int32_t count) { CT_TRY at::set_num_threads(count); CT_END }
int32_t thread_count() { return at::get_num_threads(); }
int32_t load_cuda(const char *path) {
  CT_TRY
  TORCH_CHECK(
    dlopen(path ? path : "libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL), "cannot load CUDA: ",
    dlerror());
  CT_END
}
int32_t cuda_device_count() {
  try {
    auto &hooks = at::detail::getCUDAHooks();
    return hooks.hasCUDA() ? int32_t(hooks.deviceCount()) : 0;
  } catch (...) {
    return 0;
  }
}

int32_t op_find(const char *name, const char *overload, ct_op *result) {
  CT_TRY
  auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(name, overload);
  *result = reinterpret_cast<ct_op>(new Operator(handle));
  CT_END
}
const char *op_schema(ct_op op) { return as_operator(op).schema.c_str(); }
int32_t op_argument_index(ct_op op, const char *name) {
  auto index = as_operator(op).handle.schema().argumentIndexWithName(name);
  return index ? int32_t(*index) : -1;
}
int32_t call(
  ct_op op, const ct_value *arguments, int32_t argument_count, ct_value *results,
  int32_t capacity, int32_t *result_count) {
  CT_TRY
  Operator &target = as_operator(op);
  const int32_t count = int32_t(target.forms.size());
  TORCH_CHECK(
    argument_count <= count, target.schema, " takes ", count, " arguments, got ", argument_count);
  StackLoan loan;
  auto &stack = loan.stack;
  for (int32_t i = 0; i < count; i++) {
    if (i < argument_count && arguments[i].tag != CT_DEFAULT) {
      stack.push_back(to_value(arguments[i], target.forms[i], arguments[0]));
    } else {
      TORCH_CHECK_TYPE(
        target.defaults[i].has_value(), "the argument ",
        target.handle.schema().arguments()[i].name(), " is missing in a call of ", target.schema);
      stack.push_back(*target.defaults[i]);
    }
  }
  target.handle.callBoxed(stack);
  TORCH_CHECK(
    int32_t(stack.size()) <= capacity, target.schema, " returned ", stack.size(),
    " values, there is room for ", capacity);
  size_t made = 0;
  try {
    for (; made < stack.size(); made++) from_value(std::move(stack[made]), results[made]);
  } catch (...) {
    while (made > 0) give_back(results[--made]);
    throw;
  }
  *result_count = int32_t(made);
  CT_END
}
void list_free(ct_tensor *list) { free(list); }

int32_t tensor_copy(
  const void *bytes, const int64_t *sizes, int32_t dimensions, int32_t dtype, ct_tensor *result) {
  CT_TRY
  auto view = at::from_blob(
    const_cast<void *>(bytes), at::IntArrayRef(sizes, dimensions),
    at::TensorOptions().dtype(at::ScalarType(dtype)));
  *result = owned(view.clone());
  CT_END
}
int32_t tensor_borrow(
  void *bytes, const int64_t *sizes, int32_t dimensions, int32_t dtype, ct_free release,
  void *context, ct_tensor *result) {
  CT_TRY
  // Shared, because from_blob may reject the shape before or after it has taken ownership.
  std::shared_ptr<void> holder(context, release);
  *result = owned(at::from_blob(
    bytes, at::IntArrayRef(sizes, dimensions), [holder](void *) {},
    at::TensorOptions().dtype(at::ScalarType(dtype))));
  CT_END
}
void tensor_retain(ct_tensor t) { c10::raw::intrusive_ptr::incref(implementation(t)); }
void tensor_release(ct_tensor t) { c10::raw::intrusive_ptr::decref(implementation(t)); }
int64_t tensor_use_count(ct_tensor t) {
  return int64_t(c10::raw::intrusive_ptr::use_count(implementation(t)));
}
int32_t tensor_data(ct_tensor t, void **result) {
  CT_TRY
  TORCH_CHECK(
    implementation(t)->layout() == c10::kStrided, "a sparse tensor has no single block of data");
  // Not mutable_data: a reader must not count as a writer.
  *result = const_cast<void *>(implementation(t)->data());
  CT_END
}
void tensor_count_write(ct_tensor t) { count_write(t); }
int32_t tensor_dimensions(ct_tensor t) { return int32_t(implementation(t)->dim()); }
const int64_t *tensor_sizes(ct_tensor t) { return implementation(t)->sizes().data(); }
const int64_t *tensor_strides(ct_tensor t) {
  return implementation(t)->layout() == c10::kStrided ? implementation(t)->strides().data()
                                                      : nullptr;
}
int64_t tensor_element_count(ct_tensor t) { return implementation(t)->numel(); }
int32_t tensor_dtype(ct_tensor t) {
  return int32_t(c10::typeMetaToScalarType(implementation(t)->dtype()));
}
int32_t tensor_layout(ct_tensor t) { return int32_t(implementation(t)->layout()); }
int32_t tensor_device_kind(ct_tensor t) { return int32_t(implementation(t)->device().type()); }
int32_t tensor_device_index(ct_tensor t) { return int32_t(implementation(t)->device().index()); }
int32_t tensor_is_contiguous(ct_tensor t) {
  return implementation(t)->layout() == c10::kStrided && implementation(t)->is_contiguous();
}
int32_t tensor_real(ct_tensor t, double *result) {
  CT_TRY *result = shared(t).item().toDouble();
  CT_END
}
int32_t tensor_integer(ct_tensor t, int64_t *result) {
  CT_TRY *result = shared(t).item().toLong();
  CT_END
}

int32_t tensor_requires_gradient(ct_tensor t) { return shared(t).requires_grad(); }
int32_t tensor_set_requires_gradient(ct_tensor t, int32_t on) {
  CT_TRY shared(t).requires_grad_(on != 0);
  CT_END
}
int32_t tensor_gradient(ct_tensor t, ct_tensor *result) {
  CT_TRY *result = owned(at::Tensor(shared(t).grad()));
  CT_END
}
int32_t tensor_set_gradient(ct_tensor t, ct_tensor gradient) {
  CT_TRY
  auto tensor = shared(t), value = shared(gradient);
  TORCH_CHECK(
    !value.defined()
      || (value.sizes() == tensor.sizes() && value.scalar_type() == tensor.scalar_type()
          && value.device() == tensor.device()),
    "a gradient of shape ", value.sizes(), " and type ", value.scalar_type(),
    " for a tensor of shape ", tensor.sizes(), " and type ", tensor.scalar_type());
  tensor.mutable_grad() = std::move(value);
  CT_END
}
int32_t backward(
  const ct_tensor *outputs, const ct_tensor *gradients, int32_t count, int32_t retain_graph,
  int32_t create_graph) {
  CT_TRY
  ag::backward(
    shared_list(outputs, count), gradients ? shared_list(gradients, count) : ag::variable_list{},
    retain_graph != 0, create_graph != 0);
  CT_END
}
int32_t gradients(
  const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t count,
  const ct_tensor *inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
  int32_t allow_unused, ct_tensor *results) {
  CT_TRY
  auto list = ag::grad(
    shared_list(outputs, count), shared_list(inputs, input_count),
    output_gradients ? shared_list(output_gradients, count) : ag::variable_list{},
    retain_graph != 0, create_graph != 0, allow_unused != 0);
  for (int32_t i = 0; i < input_count; i++) results[i] = owned(std::move(list[i]));
  CT_END
}
int32_t gradient_mode() { return c10::GradMode::is_enabled(); }
void set_gradient_mode(int32_t on) { c10::GradMode::set_enabled(on != 0); }
ct_guard inference_enter() { return reinterpret_cast<ct_guard>(new c10::InferenceMode(true)); }
void guard_leave(ct_guard guard) { delete reinterpret_cast<c10::InferenceMode *>(guard); }

int32_t custom_attach(
  const char *name, const ct_tensor *inputs, int32_t input_count, const ct_tensor *outputs,
  int32_t output_count, const ct_tensor *saved, int32_t saved_count, ct_backward_callback callback,
  void *context, ct_free release) {
  CT_TRY
  std::unique_ptr<void, ct_free> holder(context, release);
  auto given = shared_list(inputs, input_count);
  if (!c10::GradMode::is_enabled() || !ag::any_variable_requires_grad(given)) return CT_OK;
  auto made = shared_list(outputs, output_count);
  for (auto &output : made)
    TORCH_CHECK(
      !output.requires_grad(), "the outputs of ", name, " must be computed without recording");
  auto node = new_node<CustomNode>();
  node->label = name;
  node->callback = callback;
  node->context = holder.release();
  node->release = release;
  node->input_count = input_count;
  node->set_next_edges(ag::collect_next_edges(given));
  for (auto &output : made) {
    if (c10::isFloatingType(output.scalar_type()))
      ag::set_history(output, node);
    else
      node->add_input_metadata(ag::Node::undefined_input());
  }
  for (auto &variable : shared_list(saved, saved_count)) {
    bool is_output = false;
    for (auto &output : made) is_output |= output.is_same(variable);
    node->saved.emplace_back(variable, is_output);
  }
  CT_END
}
int32_t node_saved(ct_node node, int32_t index, ct_tensor *result) {
  CT_TRY
  *result = owned(as_node(node)->take(index));
  CT_END
}
int32_t node_needs_gradient(ct_node node, int32_t index) {
  return as_node(node)->task_should_compute_output(index);
}

int32_t generator_new(
  int32_t device_kind, int32_t device_index, uint64_t seed, ct_generator *result) {
  CT_TRY
  auto kind = c10::DeviceType(device_kind);
  at::Generator generator = kind == c10::kCPU
    ? at::detail::createCPUGenerator(seed)
    : at::globalContext().defaultGenerator(c10::Device(kind, c10::DeviceIndex(device_index))).clone();
  generator.set_current_seed(seed);
  *result = reinterpret_cast<ct_generator>(generator.unsafeReleaseGeneratorImpl());
  CT_END
}
void generator_release(ct_generator g) { c10::raw::intrusive_ptr::decref(as_generator(g)); }
at::Generator generator_of(ct_generator g) {
  return at::Generator(
    c10::intrusive_ptr<c10::GeneratorImpl>::unsafe_reclaim_from_nonowning(as_generator(g)));
}
int32_t generator_state(ct_generator g, ct_tensor *result) {
  CT_TRY
  auto generator = generator_of(g);
  std::lock_guard<std::mutex> lock(generator.mutex());
  *result = owned(generator.get_state());
  CT_END
}
int32_t generator_set_state(ct_generator g, ct_tensor state) {
  CT_TRY
  auto generator = generator_of(g);
  std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(shared(state));
  CT_END
}
}  // namespace

extern "C" __attribute__((visibility("default"))) const ct_table *ct_interface(void) {
  static const ct_table table = {
    CT_INTERFACE_VERSION,
#define CT_FUNCTION(result, name, parameters, names) \
  [] parameters noexcept -> result { return name names; },
#include "../include/ctorch_functions.h"
#undef CT_FUNCTION
  };
  return &table;
}
