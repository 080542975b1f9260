public import Storage
public import Torch

/// Embeds a bag of weighted features (words, character n-grams) as a weighted sum of table rows,
/// optionally followed by a multi-layer perceptron.
///
///     h = Σ_f w_f E_f
///     z = h                          without hidden layers
///     z = W₂ relu(W₁ h + b₁) + b₂    with one hidden layer
///     z / ‖z‖                        if `isNormalized`
///
/// Trains in seconds on a CPU: a step touches only the rows of the features that occur.
///
/// - Paper: Joulin, Grave, Bojanowski, Mikolov. Bag of Tricks for Efficient Text Classification.
///   EACL 2017. <https://arxiv.org/abs/1607.01759>
/// - Gradient: reaches the table (as a sparse tensor of the rows that occur) and the perceptron,
///   but not the weights of the bags.
/// - Units: none; rows have unit length if `isNormalized`.
/// - Departures: features are weighted (tf-idf) and summed rather than averaged.
/// - Degenerate: an empty bag has h = 0; an encoder with no features gives z = 0.
public final class BagEncoder: Layer, Sendable {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of the embedding, D.
    public var dimension: Int
    /// The widths of the hidden layers; if empty, the encoder is linear.
    public var hiddenDimensions: [Int]
    /// Whether embeddings have unit length.
    public var isNormalized: Bool
    /// The standard deviation of the table's initial values.
    public var initialScale: Double

    /// The defaults are ours, tuned on the validation split of `debian-tags`.
    public init(
      dimension: Int = 128, hiddenDimensions: [Int] = [], isNormalized: Bool = false,
      initialScale: Double = 0.1
    ) {
      self.dimension = dimension
      self.hiddenDimensions = hiddenDimensions
      self.isNormalized = isNormalized
      self.initialScale = initialScale
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  /// One row per feature.
  public let table: EmbeddingBag
  /// The perceptron's layers, in order.
  public let layers: [Linear]
  /// The features whose rows this process keeps; nil for all.
  let stripe: FeatureStripe?

  /// Creates an encoder for `featureCount` features with random weights.
  public init(_ configuration: Configuration, featureCount: Int, generator: Generator) {
    self.configuration = configuration
    let widths = configuration.hiddenDimensions + [configuration.dimension]
    table = EmbeddingBag(
      .init(rows: featureCount, width: widths[0], gradient: .sparse),
      standardDeviation: configuration.initialScale, generator: generator)
    layers = zip(widths, widths.dropFirst()).map {
      Linear(from: $0, to: $1, generator: generator)
    }
    stripe = nil
  }

  private init(
    _ configuration: Configuration, table: EmbeddingBag, layers: [Linear],
    stripe: FeatureStripe? = nil
  ) {
    self.configuration = configuration
    self.table = table
    self.layers = layers
    self.stripe = stripe
  }

  /// The same encoder with the rows of one stripe of features; the processes that keep the others
  /// embed together with it.
  func keeping(_ stripe: FeatureStripe) -> BagEncoder {
    BagEncoder(
      configuration,
      table: EmbeddingBag(
        weight: stripe.rows(of: table.weight.detached()), mode: table.mode,
        gradient: table.gradientForm),
      layers: layers, stripe: stripe)
  }

  /// The encoder of the first `dimension` numbers of the embedding.
  ///
  /// Normalisation divides them by their own length.
  ///
  /// - Precondition: `dimension` is from 1 to D.
  public func truncated(to dimension: Int) -> BagEncoder {
    precondition(
      1...self.configuration.dimension ~= dimension,
      "\(dimension) of \(self.configuration.dimension) dimensions")
    var configuration = configuration
    configuration.dimension = dimension
    guard let last = layers.last else {
      let weight = table.weight.detached().slice(0..<dimension, along: 1).contiguous()
      return BagEncoder(
        configuration,
        table: EmbeddingBag(weight: weight, mode: table.mode, gradient: table.gradientForm),
        layers: [])
    }
    return BagEncoder(
      configuration, table: table, layers: layers.dropLast() + [last.truncated(to: dimension)])
  }

  /// The table and the perceptron's layers.
  public var parameters: [(name: String, tensor: Tensor)] {
    table.parameters(under: "table")
      + layers.enumerated().flatMap { $1.parameters(under: "layers.\($0)") }
  }

  /// Embeds bags.
  ///
  /// - Parameter bags: `[N, features]`, one row per text.
  /// - Returns: `[N, D]`, before normalisation; call `normalized(_:)` on the result.
  public func callAsFunction(_ bags: CSRMatrix) throws -> Tensor {
    if table.weight.size(along: 0) == 0, stripe == nil {
      return .zeros([bags.rowCount, configuration.dimension], device: table.weight.device)
    }
    var h = try stripe?.sum(of: bags, by: table) ?? table(bags)
    for layer in layers { h = layer(h.relu()) }
    return h
  }

  /// Scales embeddings to unit length if the configuration asks for it.
  public func normalized(_ embeddings: Tensor) -> Tensor {
    configuration.isNormalized ? embeddings.normalized(along: -1) : embeddings
  }
}
