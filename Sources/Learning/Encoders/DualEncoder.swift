public import Torch

/// Embeds documents and labels in one space, where the score of a pair is an inner product.
///
///     s(i, l) = ⟨f(xᵢ), g(l)⟩ / τ + b_l
///
/// with f the encoder, τ the loss's temperature or one that is learnt, and b_l a bias that starts
/// at the label's log prior. A label's vector g(l) is learnt freely, is the encoder's embedding of the label's text,
/// or is their sum; the texts share the documents' encoder. Where the model has a `tower`, f is the
/// sum of the bags' embedding and of what the tower makes of a pretrained transformer's vectors. A
/// `SparseLinear` may stand beside it.
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
    /// Whether the temperature is learnt, from the loss's on.
    public var learnsTemperature: Bool
    /// Whether label texts have the documents' encoder of bags, or one of their own.
    public var sharesEncoder: Bool

    /// A model of label vectors with biases, unless told otherwise.
    public init(
      encoder: BagEncoder.Configuration = .init(), labels: LabelSource = .free,
      hasBias: Bool = true, wide: SparseLinear.Configuration? = nil,
      learnsTemperature: Bool = false,
      sharesEncoder: Bool = true
    ) {
      self.encoder = encoder
      self.labels = labels
      self.hasBias = hasBias
      self.wide = wide
      self.learnsTemperature = learnsTemperature
      self.sharesEncoder = sharesEncoder
    }

    /// Reads a configuration; one without `learnsTemperature` has a fixed temperature, one without
    /// `sharesEncoder` a single encoder.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        encoder: try container.decode(BagEncoder.Configuration.self, forKey: .encoder),
        labels: try container.decode(LabelSource.self, forKey: .labels),
        hasBias: try container.decode(Bool.self, forKey: .hasBias),
        wide: try container.decodeIfPresent(SparseLinear.Configuration.self, forKey: .wide),
        learnsTemperature: try container.decodeIfPresent(Bool.self, forKey: .learnsTemperature)
          ?? false,
        sharesEncoder: try container.decodeIfPresent(Bool.self, forKey: .sharesEncoder) ?? true)
    }
  }

  /// What kind of model it is.
  public let configuration: Configuration
  /// Embeds documents, and label texts unless there is a `labelEncoder`.
  public let encoder: BagEncoder
  /// Embeds label texts, where they do not share the documents' encoder.
  public let labelEncoder: BagEncoder?
  /// Embeds vectors of a pretrained transformer beside the bags, where there is one.
  public let tower: TransformerTower?
  /// `[L, D]`, unless labels come from their texts alone.
  public let labelVectors: Tensor?
  /// `[L]`, where labels have biases.
  public let bias: Tensor?
  /// `[1]`: log τ, where the temperature is learnt.
  public let logTemperature: Tensor?

  /// What inner products are divided by, where it is learnt.
  public var temperature: Double? { logTemperature.map { $0.detached().exp().scalar } }

  /// Makes a model with random weights.
  ///
  /// - Parameters:
  ///   - featureCount: the width of the bags.
  ///   - labelCounts: how many training documents each label has, of `documentCount`; the biases
  ///     start at log((count + ½) / documents).
  ///   - tower: embeds texts beside the bags, or instead of them where `featureCount` is 0.
  ///   - temperature: where τ starts, if it is learnt.
  public init(
    _ configuration: Configuration, featureCount: Int, labelCounts: [Int], documentCount: Int,
    tower: TransformerTower? = nil, temperature: Double = 1, generator: Generator
  ) {
    self.configuration = configuration
    self.tower = tower
    encoder = BagEncoder(configuration.encoder, featureCount: featureCount, generator: generator)
    labelEncoder =
      configuration.sharesEncoder || configuration.labels == .free
      ? nil
      : BagEncoder(configuration.encoder, featureCount: featureCount, generator: generator)
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
    logTemperature =
      configuration.learnsTemperature
      ? Tensor([temperature]).log().converted(to: .float32).requiringGradient() : nil
  }

  /// The encoder's parameters under `encoder.`, `labels.encoder.` and `tower.`, then
  /// `labels.vectors`, `labels.bias` and `temperature.log`.
  public var parameters: [(name: String, tensor: Tensor)] {
    encoder.parameters(under: "encoder")
      + (labelEncoder?.parameters(under: "labels.encoder") ?? [])
      + (tower?.parameters(under: "tower") ?? [])
      + [
        ("labels.vectors", labelVectors), ("labels.bias", bias),
        ("temperature.log", logTemperature),
      ]
      .compactMap { name, tensor in tensor.map { (name, $0) } }
  }

  /// The embeddings of a batch and of all labels, in one pass through the encoder.
  ///
  /// - Parameters:
  ///   - documents: `[N, features]`.
  ///   - labelTexts: `[L, features]`; needed unless the labels are free.
  ///   - vectors: the transformer's vectors of the same texts, `[N, W]` and `[L, W]`; needed where
  ///     the model has a tower.
  /// - Returns: `[N, D]` and `[L, D]`.
  public func callAsFunction(
    documents: CSRMatrix, labelTexts: CSRMatrix?, vectors: TransformerVectors? = nil
  ) throws -> (documents: Tensor, labels: Tensor) {
    guard configuration.labels != .free else {
      let embeddings = try embeddings(of: documents, vectors: vectors?.documents)
      return (encoder.normalized(embeddings), try self.embeddings(ofLabels: nil))
    }
    guard let labelTexts else {
      preconditionFailure("labels of source \(configuration.labels) need their texts")
    }
    if labelEncoder != nil {
      let own = try embeddings(of: documents, vectors: vectors?.documents)
      return (
        encoder.normalized(own),
        try embeddings(ofLabels: labelTexts, vectors: vectors?.labels)
      )
    }
    // One table look-up for both keeps the table's sparse gradient in one piece.
    let allVectors = vectors.map {
      Tensor.concatenated([$0.documents, $0.labels].compactMap { $0 })
    }
    let all = try embeddings(of: documents.stacked(over: labelTexts), vectors: allVectors)
    let count = documents.rowCount
    var labels = all[count..<(count + labelTexts.rowCount)]
    if let labelVectors { labels = labels + labelVectors }
    return (encoder.normalized(all[0..<count]), encoder.normalized(labels))
  }

  /// The sum of what bags and vectors are embedded as, not yet normalised.
  public func embeddings(of bags: CSRMatrix, vectors: Tensor?) throws -> Tensor {
    precondition(
      (tower == nil) == (vectors == nil),
      tower == nil ? "vectors for a model without a tower" : "a tower needs its vectors")
    return joined(try encoder(bags), vectors)
  }

  private func joined(_ embeddings: Tensor, _ vectors: Tensor?) -> Tensor {
    guard let tower, let vectors else { return embeddings }
    return embeddings + tower(vectors)
  }

  /// The vectors of all labels: `[L, D]`.
  ///
  /// - Parameter vectors: the transformer's vectors of their texts, `[L, W]`, where the model has a
  ///   tower.
  public func embeddings(ofLabels labelTexts: CSRMatrix?, vectors: Tensor? = nil) throws -> Tensor {
    guard configuration.labels != .free else {
      guard let labelVectors else { fatalError("a model of free labels without vectors") }
      return encoder.normalized(labelVectors)
    }
    guard let labelTexts else {
      preconditionFailure("labels of source \(configuration.labels) need their texts")
    }
    var labels = joined(try (labelEncoder ?? encoder)(labelTexts), vectors)
    if let labelVectors { labels = labels + labelVectors }
    return encoder.normalized(labels)
  }
}

/// A pretrained transformer's vectors of the texts of one step.
public struct TransformerVectors: Sendable {
  /// `[N, W]`, a row a document.
  public var documents: Tensor
  /// `[L, W]`, a row a label; nil where labels do not come from their texts.
  public var labels: Tensor?

  /// Puts both together.
  public init(documents: Tensor, labels: Tensor?) {
    self.documents = documents
    self.labels = labels
  }
}
