internal import CTorch
internal import Foundation

/// Fused kernels for blocks of scores on an accelerator, an optional library next to the interface
/// library.
///
/// Without it the same is composed of libtorch's operators.
package enum FusedKernels {
  /// Why CUDA has no fused kernels; nil if it has them.
  package static var reason: String? { cuda.reason }

  /// The folder of the interface library.
  static var folder: String {
    let path = Runtime.libraryCandidates.first { FileManager.default.fileExists(atPath: $0) } ?? ""
    return URL(fileURLWithPath: path).deletingLastPathComponent().path
  }

  private struct Library: @unchecked Sendable {
    let table: UnsafePointer<ct_fused_table>?
    let reason: String?

    init(_ name: String) {
      var buffer = [CChar](repeating: 0, count: 4096)
      let path = "\(folder)/\(name)"
      table = ct_fused_load(path, &buffer, buffer.count)
      reason =
        table == nil
        ? buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } : nil
    }
  }

  private static let cuda = Library("libctorch_cuda.so")
  private static let rehearsal = Library("librehearsal.so")

  static func table(for kind: Device.Kind) -> UnsafePointer<ct_fused_table>? {
    switch kind {
    case .cpu: nil
    case .cuda: cuda.table
    case .rehearsal: rehearsal.table
    }
  }
}

/// A matrix of scores for the fused kernels.
struct FusedScores {
  private let table: ct_fused_table
  private let scores: Tensor

  /// Nil where the device has no such kernels, or not for these scores.
  init?(_ scores: Tensor) {
    guard pendingRefusal == nil, let table = FusedKernels.table(for: scores.device.kind),
      scores.dtype == .float32 || scores.dtype == .bfloat16, scores.hasUnitStride
    else { return nil }
    self.table = table.pointee
    self.scores = scores
  }

  /// Adds the columns to running log-sum-exps.
  func addLogSumExp(to maximum: Tensor, _ sum: Tensor) {
    call([maximum, sum]) { matrix, data in
      table.log_sum_exp(
        matrix, data[0].assumingMemoryBound(to: Float.self),
        data[1].assumingMemoryBound(to: Double.self))
    }
  }

  /// Writes `scaleᵣ exp(xᵣ꜀ − shiftᵣ)`; shift and scale are float32.
  func writeExponentials(shift: Tensor, scale: Tensor, to result: Tensor) {
    call([shift, scale, result]) { matrix, data in
      table.exponentials(
        matrix, data[0].assumingMemoryBound(to: Float.self),
        data[1].assumingMemoryBound(to: Float.self), data[2], result.rowStride)
    }
  }

  /// Adds the row sums of log(1 + e^x) to float64 `sums`.
  func addSoftplus(to sums: Tensor) {
    call([sums]) { matrix, data in
      table.softplus(matrix, data[0].assumingMemoryBound(to: Double.self))
    }
  }

  /// Writes `scale · sigmoid(x)`.
  func writeSigmoids(scale: Double, to result: Tensor) {
    call([result]) { matrix, data in
      table.sigmoids(matrix, Float(scale), data[0], result.rowStride)
    }
  }

  private func call(
    _ others: [Tensor],
    _ body: (UnsafePointer<ct_fused_scores>, [UnsafeMutableRawPointer]) -> Int32
  ) {
    let tensors = [scores] + others
    guard scores.elementCount > 0 else { return }
    withExtendedLifetime(tensors) {
      let data = tensors.map { tensor -> UnsafeMutableRawPointer? in
        var pointer: UnsafeMutableRawPointer?
        _ = ct_tensor_data(tensor.pointer, &pointer)
        return pointer
      }
      let known = data.compactMap(\.self)
      guard known.count == data.count else {
        return refuse(TorchError(kind: .general, message: "a tensor of scores has no memory"))
      }
      var matrix = ct_fused_scores(
        elements: known[0], type: scores.dtype.rawValue, device: Int32(scores.device.index ?? 0),
        rows: Int64(scores.size(along: 0)), columns: Int64(scores.size(along: 1)),
        stride: scores.rowStride)
      let code = body(&matrix, Array(known.dropFirst()))
      for tensor in others { ct_tensor_count_write(tensor.pointer) }
      if code != 0 {
        refuse(TorchError(kind: .general, message: "a fused kernel failed with CUDA error \(code)"))
      }
    }
  }
}

extension Tensor {
  /// Whether it is a matrix whose rows have unit stride.
  fileprivate var hasUnitStride: Bool {
    dimensionCount == 2 && ask { ct_tensor_strides($0).map { $0[1] == 1 } ?? false }
  }

  /// Elements from one row to the next.
  fileprivate var rowStride: Int64 { ask { ct_tensor_strides($0).map { $0[0] } ?? 0 } }
}
