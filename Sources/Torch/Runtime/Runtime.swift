internal import CTorch
internal import Foundation
import Storage

/// The libtorch that this process uses, and its number of threads.
///
/// libtorch is loaded when the first tensor is made or `load()` is called, not before. Without it,
/// throwing functions throw the error of `load()`; others, such as `Tensor.zeros`, end the process
/// outside `checked`. A program that should not end calls `load()` first.
///
/// ## Threads Tensors may be used from any thread and passed between tasks: reference counts are
/// atomic and operators share no state. Two threads that write to the same tensor race, as they
/// would in Python. The gradient mode (`withoutGradients`) is per thread, so its closure is
/// synchronous and never suspends.
public enum Runtime {
  private static let failure: TorchError? = {
    if let message = ct_load(nil) {
      return TorchError(kind: .library, message: String(cString: message))
    }
    var target: UnsafePointer<CChar>?
    let code = ct_kernel_target(&target)
    if code != 0 { return TorchError.last(code) }
    // libtorch respects affinity masks, but not quotas.
    let processors = Int32(clamping: MachineShare.current.processors)
    if ct_thread_count() > processors { ct_set_thread_count(processors) }
    return nil
  }()

  /// Loads libtorch now instead of with the first tensor.
  ///
  /// - Throws: `TorchError` of kind `library`, which names the command that installs it, if there is
  ///   none; an error if `DECANT_CPU` names no instruction set of this processor.
  public static func load() throws(TorchError) {
    if let failure { throw failure }
  }

  /// The paths where the interface library may be, in search order; the first that exists is
  /// opened.
  public static var libraryCandidates: [String] {
    var paths: [String] = []
    var buffer = [CChar](repeating: 0, count: 4096)
    while let path = ct_library_candidate(Int32(paths.count), &buffer, buffer.count) {
      paths.append(String(cString: path))
    }
    return paths
  }

  /// The version of the interface that this program needs.
  public static var interfaceVersion: Int { Int(CT_INTERFACE_VERSION) }

  /// Loads libtorch or ends the process; for code that cannot throw.
  static func require() {
    guard let failure else { return }
    fatalError("\(failure.message); Runtime.load() throws this instead of ending the process")
  }

  /// The version of libtorch, such as "2.15.0".
  public static var torchVersion: String {
    require()
    return String(cString: ct_torch_version())
  }

  /// The instruction set that libtorch's kernels were chosen for, such as "AVX512".
  public static var cpuCapability: String {
    require()
    return String(cString: ct_cpu_capability())
  }

  /// The instruction set of Decant's kernels: "avx512", "avx2", "neon", or "generic".
  ///
  /// The fastest that the processor has, or the one that the environment variable `DECANT_CPU`
  /// names; `load()` throws if it names none of them.
  public static var kernelTarget: String {
    require()
    var name: UnsafePointer<CChar>?
    _ = ct_kernel_target(&name)
    return name.map { String(cString: $0) } ?? ""
  }

  /// Runs `body` with `count` threads for each operator that the calling thread runs.
  ///
  /// Concurrent calls with other numbers do not affect each other. A thread that uses libtorch for
  /// the first time meanwhile starts with `count`, which is why code that must have a certain number
  /// asks for it here.
  ///
  /// - Parameter count: the number of threads; nil changes nothing.
  /// - Precondition: `count` ≥ 1.
  public static func withThreads<R>(_ count: Int?, _ body: () throws -> R) rethrows -> R {
    guard let count else { return try body() }
    precondition(count >= 1, "\(count) threads")
    let before = threadCount
    guard count != before else { return try body() }
    threadCount = count
    defer { threadCount = before }
    return try body()
  }

  /// The number of threads that one operator of the calling thread may use; initially as many as
  /// `MachineShare` allows.
  public static var threadCount: Int {
    get {
      require()
      return Int(ct_thread_count())
    }
    set {
      require()
      ct_set_thread_count(Int32(newValue))
    }
  }

  /// Loads the CUDA part of libtorch, if there is one.
  ///
  /// - Parameter path: the library `libtorch_cuda.so`; nil uses the system's library search.
  /// - Throws: `TorchError` with the loader's message.
  public static func loadCUDA(path: String? = nil) throws(TorchError) {
    try load()
    try TorchError.check(ct_load_cuda(path))
  }

  /// Bytes of a CUDA device's memory: free ones, and all; nil if CUDA is not loaded or has no such
  /// device.
  ///
  /// libtorch keeps memory for later tensors: it does not count as free.
  public static func cudaMemory(of device: Device) -> (free: Int, total: Int)? {
    var (free, total) = (Int64(0), Int64(0))
    guard device.kind == .cuda, ct_cuda_memory(Int32(device.index ?? 0), &free, &total) != 0 else {
      return nil
    }
    return (Int(free), Int(total))
  }

  /// The number of CUDA devices; 0 if CUDA is not loaded.
  public static var cudaDeviceCount: Int {
    require()
    return Int(ct_cuda_device_count())
  }
}
