/// A table of vectors, looked up by row: the first layer over token ids.
public final class Embedding: UnaryLayer, Sendable {
  /// The size of an embedding table.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number V of rows.
    public var rows: Int
    /// The length D of a row.
    public var width: Int

    /// Creates a configuration of `rows` vectors of length `width`.
    public init(rows: Int, width: Int) {
      self.rows = rows
      self.width = width
    }
  }

  /// The table, `[V, D]`.
  public let weight: Tensor

  /// Creates a layer from the given table, which it trains in place.
  ///
  /// - Precondition: `weight` is a matrix.
  public init(weight: Tensor) {
    precondition(
      weight.dimensionCount == 2, "a table of shape \(weight.shape), expected [rows, D]")
    self.weight = weight.requiringGradient()
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
    self.init(weight: weight)
  }

  /// The table as `weight`.
  public var parameters: [(name: String, tensor: Tensor)] { [("weight", weight)] }

  /// The rows at `indices`, int64: `[…]` → `[…, D]`.
  public func callAsFunction(_ indices: Tensor) -> Tensor { weight.embedded(indices) }
}
