public import Storage

/// A sparse matrix with fixed places, whose values may be learnt: the normalised adjacency of a graph,
/// or the word counts of documents.
public struct SparseMatrix: Sendable {
  /// The places of the entries.
  public let places: SparsePlaces
  /// The values, `[E]` in the order of the places; nil if every value is 1.
  public let values: Tensor?

  /// Creates a matrix from places and values.
  ///
  /// - Precondition: one value for each entry.
  public init(_ places: SparsePlaces, values: Tensor? = nil) {
    precondition(
      values.map { $0.shape == [places.entryCount] } ?? true,
      "values of shape \(values?.shape ?? []) for \(places.entryCount) entries")
    self.places = places
    self.values = values
  }

  /// Creates a matrix with the values of rows.
  ///
  /// - Precondition: fewer than 2³¹ entries.
  public init(_ rows: CSRMatrix, dtype: DType = .float32) {
    self.init(
      SparsePlaces(rows),
      values: rows.values.map { Tensor(Array($0)).converted(to: dtype) })
  }

  /// The product with a dense matrix: `[U, V]` · `[V, D]` → `[U, D]`, differentiable in both.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: `dense` has a row for each column.
  public func product(with dense: Tensor) throws -> Tensor {
    try places.sums(of: dense, weights: values)
  }

  /// The transpose.
  public var transposed: SparseMatrix { SparseMatrix(places.transposed, values: values) }

  /// The matrix with random values zeroed and the others scaled up, as `Dropout` does to a dense
  /// matrix: the zeros between them stay zero.
  public func droppedOut(_ probability: Double, generator: Generator) -> SparseMatrix {
    let known = values ?? Tensor.ones([places.entryCount])
    return SparseMatrix(places, values: known.droppedOut(probability, generator: generator))
  }
}
