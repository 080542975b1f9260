import Storage
public import Torch

extension SparseLinear {
  /// The pattern and the weights as "<prefix>.offsets" (int64), "<prefix>.columns" (int32) and
  /// "<prefix>.weights".
  public func tensors(under prefix: String) -> [String: Tensor] {
    [
      "\(prefix).offsets": Tensor(Array(pattern.rowOffsets)),
      "\(prefix).columns": Tensor(Array(pattern.columns)),
      "\(prefix).weights": weights,
    ]
  }

  /// Restores weights saved by `tensors(under:)`.
  ///
  /// - Throws: `ValueError` if they are missing or belong to other pairs.
  public func restore(_ tensors: [String: Tensor], under prefix: String) throws {
    let own = self.tensors(under: prefix)
    for name in ["offsets", "columns"].map({ "\(prefix).\($0)" }) {
      guard let given = tensors[name], let mine = own[name], given.shape == mine.shape,
        given.dtype == mine.dtype,
        given.withUnsafeBytes({ given in
          mine.withUnsafeBytes { $0.elementsEqual(given) }
        })
      else {
        throw ValueError(
          "model", reason: "\(name) is missing or names other pairs of feature and label",
          expected: "a model of the same training documents")
      }
    }
    guard let given = tensors["\(prefix).weights"], given.shape == weights.shape,
      given.dtype == weights.dtype
    else {
      throw ValueError(
        "model", reason: "\(prefix).weights is missing or has another shape",
        expected: "\(weights.dtype) of shape \(weights.shape)")
    }
    weights.copyInPlace(from: given)
  }

  /// Creates a model from tensors saved by `tensors(under:)`.
  ///
  /// - Throws: `InputError` if a tensor is missing or the pattern does not have this many features
  ///   and labels.
  public convenience init(
    _ file: SafetensorsFile, under prefix: String, featureCount: Int, labelCount: Int
  ) throws {
    try self.init(
      under: prefix, featureCount: featureCount, labelCount: labelCount, file: file.path,
      tensor: file.tensor(named:))
  }

  /// Creates a model from tensors saved by `tensors(under:)`, or from shorter numbers.
  ///
  /// - Parameters:
  ///   - path: the path of their file, for error messages.
  ///   - find: the tensor of a name; its indices may be shorter integers.
  /// - Throws: as the initializer from a file, and the errors of `tensor`.
  public convenience init(
    under prefix: String, featureCount: Int, labelCount: Int, file path: String,
    tensor find: (String) throws -> Tensor
  ) throws {
    func tensor(_ name: String, _ dtype: DType, orShorter shorter: DType? = nil, count: Int?) throws
      -> Tensor
    {
      var tensor = try find("\(prefix).\(name)")
      if let shorter, tensor.dtype == shorter { tensor = tensor.converted(to: dtype) }
      guard tensor.dtype == dtype, tensor.dimensionCount == 1,
        count.map({ $0 == tensor.elementCount }) ?? true
      else {
        throw InputError(
          file: path,
          reason: "\(prefix).\(name) is \(tensor.dtype) of shape \(tensor.shape)",
          expected: "\(dtype) of shape [\(count.map(String.init) ?? "pairs")]")
      }
      return tensor
    }
    let offsets = try tensor("offsets", .int64, orShorter: .int32, count: featureCount + 1)
    let columns = try tensor("columns", .int32, orShorter: .int16, count: nil)
    let weights = try tensor("weights", .float32, count: columns.elementCount)
    let pattern = try CSRMatrix(
      rowOffsets: MappedArray(offsets.array(of: Int64.self)),
      columns: MappedArray(columns.array(of: Int32.self)), columnCount: labelCount
    ).validated(file: path)
    for row in 0..<pattern.rowCount {
      let labels = pattern.columns(ofRow: row)
      guard zip(labels, labels.dropFirst()).allSatisfy(<) else {
        throw InputError(
          file: path, reason: "the labels of feature \(row) in \(prefix).columns do not rise",
          expected: "each label once, in rising order")
      }
    }
    self.init(pattern: pattern, weights: weights)
  }
}
