public import Storage

/// A table of vectors, read as weighted sums of rows: the first layer over bags of words.
///
/// For bag n with entries e, the output is
///
///     y(n) = Σₑ vₑ · weight[cₑ]            (sum)
///     y(n) = (1 / |n|) Σₑ vₑ · weight[cₑ]  (mean, over the |n| entries)
///
/// with the entry's column c and value v (1 if the bags have no values). An empty bag gives 0.
///
/// The gradient of the table is dense, or a sparse matrix of the distinct rows that the batch
/// touched, in ascending order. With the latter, time and memory of a step do not grow with the
/// table. `SparseAdagrad`, `SparseAdam` and `SGD` without momentum accept such gradients.
public final class EmbeddingBag: Layer, Sendable {
  /// How the rows of a bag are combined.
  public enum Mode: String, Codable, Hashable, Sendable {
    /// Summed.
    case sum
    /// Averaged.
    case mean
  }

  /// The form of the table's gradient.
  public enum GradientForm: String, Codable, Hashable, Sendable {
    /// A matrix of the table's shape.
    case dense
    /// Only the touched rows, distinct and in ascending order.
    case sparse
  }

  /// The size and options of an embedding bag.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of rows of the table: of distinct features.
    public var rows: Int
    /// The length D of a row.
    public var width: Int
    /// How the rows of a bag are combined.
    public var mode: Mode
    /// The form of the table's gradient.
    public var gradient: GradientForm

    /// Creates a configuration with a table of `rows` vectors of length `width`.
    public init(
      rows: Int, width: Int, mode: Mode = .sum, gradient: GradientForm = .dense
    ) {
      self.rows = rows
      self.width = width
      self.mode = mode
      self.gradient = gradient
    }
  }

  /// How the rows of a bag are combined.
  public let mode: Mode
  /// The form of the table's gradient.
  public let gradientForm: GradientForm
  /// The table, `[rows, D]`.
  public let weight: Tensor

  /// Creates a layer from the given table, which it trains in place.
  ///
  /// - Precondition: `weight` is a matrix.
  public init(weight: Tensor, mode: Mode = .sum, gradient: GradientForm = .dense) {
    precondition(
      weight.dimensionCount == 2, "a table of shape \(weight.shape), expected [rows, D]")
    self.weight = weight.requiringGradient()
    self.mode = mode
    gradientForm = gradient
  }

  /// Creates a table drawn from a normal distribution with mean 0.
  ///
  /// - Parameter standardDeviation: 1 as in PyTorch by default.
  public convenience init(
    _ configuration: Configuration, standardDeviation: Double = 1, generator: Generator,
    dtype: DType = .float32
  ) {
    let weight = Tensor.normal(
      [configuration.rows, configuration.width], generator: generator, dtype: dtype)
    if standardDeviation != 1 { weight.multiplyInPlace(by: standardDeviation) }
    self.init(weight: weight, mode: configuration.mode, gradient: configuration.gradient)
  }

  /// The table as `weight`.
  public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight)] }

  /// The vectors of `bags`, `[N, D]`, with their values as weights.
  ///
  /// - Throws: `TorchError` when a libtorch operator fails, as for a column outside the table.
  /// - Precondition: the bags have no more columns than the table has rows.
  public func callAsFunction(_ bags: CSRMatrix) throws -> Tensor {
    try joined(bags, weights: bags.values.map { $0.tensor().converted(to: weight.dtype) })
  }

  /// The vectors of `bags`, `[N, D]`, with `weights` in place of their values.
  ///
  /// - Parameter weights: `[entries]` of the table's dtype; receives a gradient.
  /// - Throws: `TorchError` when a libtorch operator fails, as for a column outside the table.
  /// - Precondition: the bags have no more columns than the table has rows; there is one weight per
  ///   entry.
  public func callAsFunction(_ bags: CSRMatrix, weights: Tensor) throws -> Tensor {
    precondition(
      weights.shape == [bags.entryCount],
      "weights of shape \(weights.shape) for \(bags.entryCount) entries")
    return try joined(bags, weights: weights)
  }

  private func joined(_ bags: CSRMatrix, weights: Tensor?) throws -> Tensor {
    precondition(
      bags.columnCount <= weight.size(along: 0),
      "bags of \(bags.columnCount) columns for a table of \(weight.size(along: 0)) rows")
    let weights = mode == .sum ? weights : averaging(bags, weights)
    switch gradientForm {
    case .dense: return try summed(bags.entriesAndOffsets(), weights)
    case .sparse: return try summedSparsely(bags, weights)
    }
  }

  /// Weights that make the sum of a bag its mean.
  private func averaging(_ bags: CSRMatrix, _ weights: Tensor?) -> Tensor {
    var shares = [Float](repeating: 0, count: bags.entryCount)
    for bag in 0..<bags.rowCount {
      let entries = bags.entries(ofRow: bag)
      for entry in entries { shares[entry] = 1 / Float(entries.count) }
    }
    let result = Tensor(shares).converted(to: weight.dtype).moved(to: weight.device)
    return weights.map { $0.moved(to: weight.device) * result } ?? result
  }

  private func summed(_ place: CSRMatrix.Place, _ weights: Tensor?) throws -> Tensor {
    try Ops.embeddingBag.tensors(
      .tensor(weight), .tensor(place.columns.sent(to: weight.device)),
      .tensor(place.offsets.sent(to: weight.device)), false, .int(0), false,
      .optional(weights?.sent(to: weight.device)), true)[0]
  }

  private func summedSparsely(_ bags: CSRMatrix, _ weights: Tensor?) throws -> Tensor {
    let rowCount = weight.size(along: 0)
    // Weights without a gradient are data: the backward pass sorts them on the CPU, where they are.
    guard let weights, weights.requiresGradient else {
      let function = CustomFunction<Void>("EmbeddingBag") { inputs in
        let placed = weights?.sent(to: inputs[0].device)
        return ([try Self.sums(of: inputs[0], bags.entriesAndOffsets(), placed)], ())
      } backward: { _, gradients in
        [try gradients[0].map { try Self.tableGradient($0, bags, weights, rowCount: rowCount) }]
      }
      return try function(weight)[0]
    }
    let function = CustomFunction<Void>("EmbeddingBag") { inputs in
      ([try Self.sums(of: inputs[0], bags.entriesAndOffsets(), inputs[1])], ())
    } backward: { context, gradients in
      guard let gradient = gradients[0] else { return [nil, nil] }
      let weights = context.inputs[1]
      return [
        context.needsGradient[0]
          ? try Self.tableGradient(gradient, bags, weights, rowCount: rowCount) : nil,
        context.needsGradient[1]
          ? Self.weightGradient(gradient, bags, table: context.inputs[0]) : nil,
      ]
    }
    return try function(weight, weights.moved(to: weight.device))[0]
  }

  /// The sums, not recorded for gradients; `rows` holds the table row of each entry, bag by bag.
  private static func sums(
    of table: Tensor, _ place: CSRMatrix.Place, _ weights: Tensor?
  ) throws -> Tensor {
    // The variant that does not prepare libtorch's backward pass.
    try Ops.forwardOnly.tensors(
      .tensor(table.contiguous()), .tensor(place.columns.sent(to: table.device)),
      .tensor(place.offsets.sent(to: table.device)), false, .int(0), false,
      .optional(weights), true)[0]
  }

  private static func tableGradient(
    _ gradient: Tensor, _ bags: CSRMatrix, _ weights: Tensor?, rowCount: Int
  ) throws -> Tensor {
    let transposed = TransposedBags(bags, weights: weights?.moved(to: .cpu).contiguous())
    let values = try sums(
      of: gradient, (transposed.bags, transposed.offsets),
      transposed.weights?.converted(to: gradient.dtype).sent(to: gradient.device))
    return .sparse(
      rows: transposed.rows.sent(to: gradient.device), values: values, rowCount: rowCount)
  }

  /// The inner product of each entry's row with the gradient of its bag.
  private static func weightGradient(_ gradient: Tensor, _ bags: CSRMatrix, table: Tensor)
    -> Tensor
  {
    var bagOfEntry = [Int64](repeating: 0, count: bags.entryCount)
    for bag in 0..<bags.rowCount {
      for entry in bags.entries(ofRow: bag) { bagOfEntry[entry] = Int64(bag) }
    }
    let rows = table.gathered(rows: bags.columns.tensor().moved(to: table.device))
    let errors = gradient.gathered(rows: Tensor(bagOfEntry).moved(to: table.device))
    return (rows * errors).sum(along: 1)
  }

  private enum Ops {
    static let embeddingBag = Op("aten::embedding_bag")
    static let forwardOnly = Op("aten::_embedding_bag_forward_only")
  }
}

extension CSRMatrix {
  /// The arguments of libtorch's embedding bags: columns and offsets of one integer type.
  typealias Place = (columns: Tensor, offsets: Tensor)

  func entriesAndOffsets() -> Place {
    // If it suffices, the narrow type saves a copy of the columns.
    entryCount <= Int(Int32.max)
      ? (columns.tensor(), rowOffsets.tensor().converted(to: .int32))
      : (columns.tensor().converted(to: .int64), rowOffsets.tensor())
  }
}
