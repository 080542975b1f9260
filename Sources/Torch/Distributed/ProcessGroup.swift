internal import CTorch
internal import Foundation
internal import Synchronization

/// Processes that compute one thing together: libtorch's `ProcessGroupGloo`, and `ProcessGroupNCCL` for
/// tensors on a CUDA device.
///
/// Tensors of a device without NCCL travel through the CPU's memory.
///
/// Every rank calls the same functions in the same order with tensors of the same shapes; each call
/// waits for all ranks. The results are the same on all ranks, and for the same number of ranks the
/// same in every run.
///
/// A call fails when a rank has ended or does not take part within the timeout. Like an operator's,
/// its error is thrown by the surrounding `checked`; outside, it ends the process.
public final class ProcessGroup: @unchecked Sendable {
  /// This process's number, from 0.
  public let rank: Int
  /// The number of processes.
  public let size: Int
  /// The time after which a rank that does not answer counts as lost.
  public let timeout: Duration
  private let pointer: ct_group
  /// Without it the group cannot be closed in order.
  private let store: RendezvousStore
  private let counted = Mutex(Traffic())

  /// The payload that a process has handed to the group.
  public struct Traffic: Hashable, Sendable, Codable {
    /// The number of calls.
    public var calls = 0
    /// The bytes of this rank's tensors in all calls.
    public var bytes = 0

    /// Creates a count of zero.
    public init() {}
  }

  /// Joins a group, once all its ranks do.
  ///
  /// - Parameters:
  ///   - name: the group's name in the store; an attempt after a failure needs a new one.
  ///   - rank: this process's number, from 0.
  ///   - size: the number of processes.
  ///   - address: this machine's address for the others.
  ///   - interface: the network interface that has the address, such as "eth0", instead of `address`.
  ///   - device: the device of this rank's tensors, apart from those on the CPU. All ranks name the same
  ///     kind, and ranks of one machine different devices. CUDA is loaded already.
  ///   - timeout: the longest time that a call waits for the other ranks.
  /// - Throws: `TorchError` of kind `collective`.
  public init(
    _ store: RendezvousStore, name: String, rank: Int, size: Int, address: String = "127.0.0.1",
    interface: String? = nil, device: Device = .cpu, timeout: Duration = .seconds(300)
  ) throws(TorchError) {
    guard size >= 1, 0..<size ~= rank else {
      throw TorchError(kind: .collective, message: "rank \(rank) of \(size) processes")
    }
    // Gloo takes the timeout for each of several attempts.
    let opened = withDeadline(timeout) { () -> Result<Opened, TorchError> in
      var opened: ct_group?
      let code = ct_group_open(
        store.pointer, name, Int32(rank), Int32(size), address, interface, timeout.milliseconds,
        &opened)
      guard code == 0, let opened else { return .failure(.last(code)) }
      guard device.kind == .cuda, let library = Self.nccl else {
        return .success(Opened(pointer: opened))
      }
      let added = ct_group_use_cuda(
        opened, store.pointer, name + "/cuda", library, Int32(device.index ?? 0),
        timeout.milliseconds)
      guard added == 0 else {
        let error = TorchError.last(added)
        ct_group_release(opened)
        return .failure(error)
      }
      return .success(Opened(pointer: opened))
    }
    func refusal(_ reason: String) -> TorchError {
      TorchError(
        kind: .collective,
        message:
          "rank \(rank) of \(size) did not meet the others at \(interface ?? address) within "
          + "\(timeout): \(reason)")
    }
    switch opened {
    case .success(let group): pointer = group.pointer
    case .failure(let error): throw refusal(error.firstSentence)
    case nil: throw refusal("a connection is missing")
    }
    (self.rank, self.size, self.timeout, self.store) = (rank, size, timeout, store)
  }

  /// The library of `Scripts/setup-nccl`; nil where it was not made.
  private static var nccl: String? {
    let path = FusedKernels.folder + "/libctorch_nccl.so"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  private struct Opened: @unchecked Sendable {
    let pointer: ct_group
  }

  deinit { ct_group_release(pointer) }

  /// Why this libtorch cannot compute in several processes; nil if it can.
  ///
  /// - Throws: the error of `Runtime.load()`.
  public static func missingReason() throws(TorchError) -> String? {
    try Runtime.load()
    return ct_collectives_missing().map { String(cString: $0) }
  }

  /// The payload of this rank so far.
  public var traffic: Traffic { counted.withLock { $0 } }

  /// Replaces a tensor by the sum of all ranks' tensors.
  public func sum(_ tensor: Tensor) {
    call("a sum", of: tensor) { ct_group_reduce(pointer, $0, Int32(CT_REDUCE_SUM.rawValue)) }
  }

  /// Replaces a tensor by the largest of all ranks' tensors, element by element.
  public func maximum(_ tensor: Tensor) {
    call("a maximum", of: tensor) {
      ct_group_reduce(pointer, $0, Int32(CT_REDUCE_MAXIMUM.rawValue))
    }
  }

  /// The tensors of all ranks, which have one shape: `[ranks, …]`.
  public func gathered(_ tensor: Tensor) -> Tensor {
    let result = Tensor.zeros([size] + tensor.shape, dtype: tensor.dtype, device: tensor.device)
    let source = tensor.detached().contiguous()
    call("a gathering", of: source) { ct_group_gather(pointer, $0, result.pointer) }
    return result
  }

  /// The rows of all ranks in the order of the ranks, `[Σ rows, …]`.
  ///
  /// - Parameter counts: the number of rows of each rank.
  public func gathered(rows tensor: Tensor, counts: [Int]) -> Tensor {
    precondition(
      counts.count == size && counts[rank] == tensor.size(along: 0),
      "\(tensor.size(along: 0)) rows on rank \(rank), expected \(counts)")
    let most = counts.max() ?? 0
    let shape = Array(tensor.shape.dropFirst())
    let padded = Tensor.zeros([most] + shape, dtype: tensor.dtype, device: tensor.device)
    padded[0..<tensor.size(along: 0)].copyInPlace(from: tensor.detached())
    let all = gathered(padded)
    return .concatenated(counts.enumerated().map { all[$0.offset][0..<$0.element] })
  }

  /// This rank's part of the sum of all ranks' tensors, each `[ranks, …]`.
  public func scatteredSum(_ tensor: Tensor) -> Tensor {
    precondition(
      tensor.size(along: 0) == size, "a tensor of shape \(tensor.shape) for \(size) ranks")
    let source = tensor.detached().contiguous()
    let result = Tensor.zeros(
      Array(tensor.shape.dropFirst()), dtype: tensor.dtype, device: tensor.device)
    call("a scattered sum", of: source) { ct_group_scatter_sum(pointer, $0, result.pointer) }
    return result
  }

  /// Replaces a tensor by that of one rank.
  public func broadcast(_ tensor: Tensor, from root: Int = 0) {
    call("a broadcast", of: tensor) { ct_group_broadcast(pointer, $0, Int32(root)) }
  }

  /// Waits for all ranks.
  public func barrier() {
    guard pendingRefusal == nil else { return }
    report(ct_group_barrier(pointer), "a barrier")
  }

  private func call(_ operation: String, of tensor: Tensor, _ body: (ct_tensor) -> Int32) {
    // After a failure the other ranks wait for something else.
    guard pendingRefusal == nil else { return }
    precondition(tensor.isContiguous, "\(operation) of a tensor that is not dense")
    report(tensor.ask(body), operation)
    counted.withLock {
      $0.calls += 1
      $0.bytes += tensor.elementCount * tensor.dtype.byteCount
    }
  }

  private func report(_ code: Int32, _ operation: String) {
    guard code != 0 else { return }
    refuse(
      TorchError(
        kind: .collective,
        message: "rank \(rank) of \(size) lost the others in \(operation): "
          + TorchError.last(code).firstSentence))
  }
}
