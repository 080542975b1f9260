import Storage
package import Torch

/// A tensor as a run stores it: its elements, and the scales of rows of 8-bit integers.
///
/// A row of a table, or a block of 64 numbers of a list of linear weights, has one scale:
///
///     q = round(127 w / max |w|)     w ≈ q · scale     scale = max |w| / 127
///
/// Biases and the temperature stay float32, as they are few and every score depends on them. Indices
/// are stored in the shortest integers that hold them.
///
/// - Paper: Jacob et al. Quantization and Training of Neural Networks for Efficient
///   Integer-Arithmetic-Only Inference. CVPR 2018, section 2.1, with a zero point of 0 and a scale
///   per row. <https://arxiv.org/abs/1712.05877>
package struct StoredTensor: Sendable {
  /// The elements, in the shape of the original.
  package let values: Tensor
  /// `[rows]`, float32; nil unless the elements are 8-bit integers.
  package let scales: Tensor?

  /// The end of the name under which a file stores the scales of a tensor.
  package static let scalesSuffix = ".scales"
  /// The number of elements of a list that share a scale.
  private static let blockLength = 64

  /// Pairs stored elements with their scales.
  package init(values: Tensor, scales: Tensor? = nil) {
    (self.values, self.scales) = (values, scales)
  }

  /// Rounds a tensor of a model.
  ///
  /// Returns nil if a number is too large for the precision.
  ///
  /// - Parameter name: the tensor's name in the model.
  package init?(_ tensor: Tensor, named name: String, precision: WeightPrecision) {
    self.init(values: tensor)
    guard precision != .float32 else { return }
    switch tensor.dtype {
    case .int32, .int64:
      self.init(values: Self.shortened(tensor, named: name))
    case .float32 where tensor.dimensionCount >= 2 || Self.isWeightList(name):
      guard tensor.elementCount > 0 else { return }
      // A pretrained encoder was made for more bits.
      if precision == .int8, Self.isTable(name) || Self.isWeightList(name) {
        self = Self.rounded(tensor)
      } else {
        let half = tensor.converted(to: .float16)
        guard half.isAllFinite else { return nil }
        self.init(values: half)
      }
    default: break
    }
  }

  private static func isTable(_ name: String) -> Bool {
    name.hasSuffix("table.weight") || name == "labels.vectors"
  }

  /// The weights of the linear part.
  private static func isWeightList(_ name: String) -> Bool { name == "wide.weights" }

  private static func rowLength(_ shape: [Int]) -> Int {
    shape.count >= 2 ? shape.dropFirst().reduce(1, *) : blockLength
  }

  /// The number of scales of 8-bit integers of a shape.
  package static func scaleCount(_ shape: [Int]) -> Int {
    let length = rowLength(shape)
    return length == 0 ? 0 : (shape.reduce(1, *) + length - 1) / length
  }

  /// A float32 tensor in 8-bit integers with a scale for each row.
  static func rounded(_ tensor: Tensor) -> StoredTensor {
    let length = rowLength(tensor.shape)
    let values = Tensor.uninitialized(tensor.shape, dtype: .int8)
    var scales = [Float](repeating: 0, count: scaleCount(tensor.shape))
    values.withUnsafeMutableElements(of: Int8.self) { values in
      tensor.withUnsafeBytes { bytes in
        let weights = bytes.bindMemory(to: Float.self)
        for row in scales.indices {
          let range = (row * length)..<min((row + 1) * length, weights.count)
          let scale = range.reduce(Float(0)) { max($0, abs(weights[$1])) } / 127
          scales[row] = scale
          let inverse = scale > 0 ? 1 / scale : 0
          for index in range {
            // Next to zero the inverse is infinite.
            let value = inverse.isFinite ? (weights[index] * inverse).rounded() : 0
            values[index] = Int8(max(-127, min(127, value)))
          }
        }
      }
    }
    return StoredTensor(values: values, scales: Tensor(scales))
  }

  /// The offsets and columns of the linear part in shorter integers, if they fit.
  private static func shortened(_ tensor: Tensor, named name: String) -> Tensor {
    guard name.hasPrefix("wide."), tensor.elementCount > 0 else { return tensor }
    let largest = Int(tensor.maximum().integer)
    switch tensor.dtype {
    case .int64 where largest <= Int(Int32.max): return tensor.converted(to: .int32)
    case .int32 where largest <= Int(Int16.max): return tensor.converted(to: .int16)
    default: return tensor
    }
  }

  /// The tensors to write to a file under the name of the original.
  package func tensors(named name: String) -> [String: Tensor] {
    guard let scales else { return [name: values] }
    return [name: values, name + Self.scalesSuffix: scales]
  }

  /// Writes the numbers into a float32 tensor of the same shape, without a copy in between.
  package func copy(into target: Tensor) {
    guard let scales else {
      return withoutGradients { target.copyInPlace(from: values) }
    }
    let length = Self.rowLength(values.shape)
    target.withUnsafeMutableElements(of: Float.self) { target in
      values.withUnsafeBytes { bytes in
        let integers = bytes.bindMemory(to: Int8.self)
        scales.withUnsafeBytes { bytes in
          for (row, scale) in bytes.bindMemory(to: Float.self).enumerated() {
            for index in (row * length)..<min((row + 1) * length, integers.count) {
              target[index] = Float(integers[index]) * scale
            }
          }
        }
      }
    }
  }

  /// The numbers in the types that models compute with: float32, or for indices their own.
  package func decoded() -> Tensor {
    guard scales != nil else {
      return values.dtype.isFloatingPoint ? values.converted(to: .float32) : values
    }
    let result = Tensor.uninitialized(values.shape)
    copy(into: result)
    return result
  }
}

extension [String: Tensor] {
  /// The tensors of a model in the form of a file; nil if a number is too large for the precision.
  package func stored(in precision: WeightPrecision) -> [String: Tensor]? {
    var result: [String: Tensor] = [:]
    for (name, tensor) in self {
      guard let stored = StoredTensor(tensor, named: name, precision: precision) else { return nil }
      result.merge(stored.tensors(named: name)) { $1 }
    }
    return result
  }
}
