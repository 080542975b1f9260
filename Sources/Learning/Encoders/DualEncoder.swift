public import Torch

/// Embeds documents and labels in one space, where the score of a pair is an inner product.
///
///     s(i, l) = ⟨f(xᵢ), g(l)⟩ / τ + b_l
///
/// with f the encoder, τ the loss's temperature and b_l a bias that starts at the label's log
/// prior. A `SparseLinear` may stand beside it. A label's vector g(l) is learnt freely, is the encoder's embedding of the label's text,
/// or is their sum; the texts share the documents' encoder.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-encoders for Extreme
///   Multi-label Classification. ICLR 2024. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches every parameter; label texts are encoded anew in each step.
/// - Units: scores are in nats once divided by the temperature.
/// - Departures: the paper's encoders are transformers without label vectors of their own and
///   without bias.
public final class DualEncoder: Layer {
  /// Where a label's vector comes from.
  public enum LabelSource: String, Codable, Hashable, Sendable, CaseIterable {
    /// A vector of its own for each label.
    case free
    /// The label's text.
    case text
    /// The label's text plus a vector of its own that starts at 0.
    case both
  }

  /// What kind of model it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The encoder of documents and label texts.
    public var encoder: BagEncoder.Configuration
    /// Where a label's vector comes from.
    public var labels: LabelSource
    /// Whether each label has a bias.
    public var hasBias: Bool
    /// The wide part beside the embeddings; nil for none.
    public var wide: SparseLinear.Configuration?

    /// A model of label vectors with biases, unless told otherwise.
    public init(
      encoder: BagEncoder.Configuration = .init(), labels: LabelSource = .free,
      hasBias: Bool = true, wide: SparseLinear.Configuration? = nil
    ) {
      self.encoder = encoder
      self.labels = labels
      self.hasBias = hasBias
      self.wide = wide
    }
  }

  /// What kind of model it is.
  public let configuration: Configuration
  /// Embeds documents and label texts.
  public let encoder: BagEncoder
  /// `[L, D]`, unless labels come from their texts alone.
  public let labelVectors: Tensor?
  /// `[L]`, where labels have biases.
  public let bias: Tensor?

  /// Makes a model with random weights.
  ///
  /// - Parameters:
  ///   - featureCount: the width of the bags.
  ///   - labelCounts: how many training documents each label has, of `documentCount`; the biases
  ///     start at log((count + ½) / documents).
  public init(
    _ configuration: Configuration, featureCount: Int, labelCounts: [Int], documentCount: Int,
    generator: Generator
  ) {
    self.configuration = configuration
    encoder = BagEncoder(configuration.encoder, featureCount: featureCount, generator: generator)
    let shape = [labelCounts.count, configuration.encoder.dimension]
    switch configuration.labels {
    case .free:
      let values =
        Tensor.normal(shape, generator: generator) * configuration.encoder.initialScale
      labelVectors = values.requiringGradient()
    case .both: labelVectors = Tensor.zeros(shape).requiringGradient()
    case .text: labelVectors = nil
    }
    let priors = Tensor(labelCounts.map { (Double($0) + 0.5) / Double(max(documentCount, 1)) })
    bias =
      configuration.hasBias
      ? priors.log().converted(to: .float32).requiringGradient() : nil
  }

  /// The encoder's parameters under `encoder.`, then `labels.vectors` and `labels.bias`.
  public var parameters: [(name: String, tensor: Tensor)] {
    encoder.parameters(under: "encoder")
      + [("labels.vectors", labelVectors), ("labels.bias", bias)]
      .compactMap { name, tensor in tensor.map { (name, $0) } }
  }

  /// The embeddings of a batch and of all labels, in one pass through the encoder.
  ///
  /// - Parameters:
  ///   - documents: `[N, features]`.
  ///   - labelTexts: `[L, features]`; needed unless the labels are free.
  /// - Returns: `[N, D]` and `[L, D]`.
  public func callAsFunction(documents: CSRMatrix, labelTexts: CSRMatrix?) throws
    -> (documents: Tensor, labels: Tensor)
  {
    guard configuration.labels != .free else {
      guard let labelVectors else { fatalError("a model of free labels without vectors") }
      return (encoder.normalized(try encoder(documents)), encoder.normalized(labelVectors))
    }
    guard let labelTexts else {
      preconditionFailure("labels of source \(configuration.labels) need their texts")
    }
    // One table look-up for both keeps the table's sparse gradient in one piece.
    let all = try encoder(documents.stacked(over: labelTexts))
    let count = documents.rowCount
    var labels = all[count..<(count + labelTexts.rowCount)]
    if let labelVectors { labels = labels + labelVectors }
    return (encoder.normalized(all[0..<count]), encoder.normalized(labels))
  }

  /// The vectors of all labels: `[L, D]`.
  public func embeddings(ofLabels labelTexts: CSRMatrix?) throws -> Tensor {
    let none = CSRMatrix(
      rowOffsets: MappedArray([0]), columns: MappedArray([]),
      values: labelTexts?.values == nil ? nil : MappedArray([]),
      columnCount: encoder.table.weight.size(along: 0))
    return try self(documents: none, labelTexts: labelTexts).labels
  }
}
