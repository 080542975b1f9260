import COnnx
import Foundation
import Storage
import Torch

/// An ONNX file that is ready to run; see Sources/COnnx.
///
/// Several threads may run it at once.
final class ONNXSession: @unchecked Sendable {
  /// An input or output: a tensor's name, type and sizes, -1 where they are free.
  struct Place: Sendable {
    var name: String
    /// Nil for things other than tensors of real or whole numbers.
    var dtype: DType?
    var shape: [Int]
  }

  let path: String
  private let handle: co_session
  let inputs: [Place]
  let outputs: [Place]

  /// Opens a file.
  ///
  /// - Throws: `ONNXRuntimeError` without the library, `InputError` naming the file.
  init(path: String, threads: Int) throws {
    try ONNXRuntimeLibrary.load()
    self.path = path
    var made: co_session?
    guard co_session_open(path, Int32(clamping: threads), &made) == 0, let made else {
      throw InputError(
        file: path, reason: "ONNX Runtime cannot open it: \(String(cString: co_last_error()))",
        expected: "an ONNX model with its external data next to it")
    }
    handle = made
    inputs = Self.places(of: made, isOutput: 0)
    outputs = Self.places(of: made, isOutput: 1)
  }

  deinit { co_session_close(handle) }

  private static func places(of session: co_session, isOutput: Int32) -> [Place] {
    (0..<co_session_count(session, isOutput)).compactMap { index in
      var name: UnsafePointer<CChar>?
      var shape = co_shape()
      guard co_session_describe(session, isOutput, index, &name, &shape) == 0, let name else {
        return nil
      }
      return Place(
        name: String(cString: name), dtype: dtype(shape.type), shape: sizes(of: shape))
    }
  }

  private static func sizes(of shape: co_shape) -> [Int] {
    withUnsafeBytes(of: shape.sizes) { bytes in
      bytes.bindMemory(to: Int64.self).prefix(Int(shape.rank)).map { Int($0) }
    }
  }

  private static func dtype(_ type: Int32) -> DType? {
    switch type {
    case Int32(CO_FLOAT32.rawValue): .float32
    case Int32(CO_FLOAT16.rawValue): .float16
    case Int32(CO_FLOAT64.rawValue): .float64
    case Int32(CO_INT32.rawValue): .int32
    case Int32(CO_INT64.rawValue): .int64
    default: nil
    }
  }

  /// Computes one output from whole numbers, in float32.
  ///
  /// - Parameter inputs: for each declared input, its numbers in row-major order.
  /// - Throws: `InputError` naming the file when the graph cannot compute it.
  func run(_ numbers: [[Int64]], shape: [Int], output: String) throws -> Tensor {
    func failure(_ reason: String) -> InputError {
      InputError(
        file: path, reason: "the graph cannot be computed for \(shape) tokens: \(reason)",
        expected: "an encoder of texts that takes these inputs")
    }
    // Both kinds of whole numbers are kept in memory of one kind.
    let buffers = zip(inputs, numbers).map { place, numbers in
      place.dtype == .int32
        ? numbers.map { Int32(truncatingIfNeeded: $0) }.withUnsafeBytes { Array($0) }
        : numbers.withUnsafeBytes { Array($0) }
    }
    let memory = buffers.map { bytes in
      let copy = UnsafeMutableRawBufferPointer.allocate(
        byteCount: max(bytes.count, 1), alignment: 64)
      copy.copyBytes(from: bytes)
      return (start: copy, count: bytes.count)
    }
    let names = inputs.map { strdup($0.name) }
    defer {
      memory.forEach { $0.start.deallocate() }
      names.forEach { free($0) }
    }
    let given = inputs.indices.map { index in
      var form = co_shape()
      form.type =
        Int32(inputs[index].dtype == .int32 ? CO_INT32.rawValue : CO_INT64.rawValue)
      form.rank = Int32(shape.count)
      withUnsafeMutableBytes(of: &form.sizes) { bytes in
        let sizes = bytes.bindMemory(to: Int64.self)
        for (axis, size) in shape.enumerated() { sizes[axis] = Int64(size) }
      }
      return co_input(
        name: names[index].map { UnsafePointer($0) }, shape: form,
        numbers: memory[index].start.baseAddress, byte_count: memory[index].count)
    }
    var result = co_output()
    guard co_session_run(handle, given, Int32(given.count), output, &result) == 0 else {
      throw failure(String(cString: co_last_error()))
    }
    defer { co_output_free(&result) }
    let sizes = Self.sizes(of: result.shape)
    let floats: [Float]
    switch Self.dtype(result.shape.type) {
    case .float32: floats = Self.numbers(result, Float.self) { $0 }
    case .float64: floats = Self.numbers(result, Double.self) { Float($0) }
    case .float16: floats = Self.numbers(result, Float16.self) { Float($0) }
    default: throw failure("the output \(output) is not of real numbers")
    }
    return Tensor(floats, shape: sizes)
  }

  private static func numbers<Number>(
    _ output: co_output, _ type: Number.Type, _ converted: (Number) -> Float
  ) -> [Float] {
    UnsafeRawBufferPointer(start: output.numbers, count: output.byte_count)
      .bindMemory(to: Number.self).map(converted)
  }
}
