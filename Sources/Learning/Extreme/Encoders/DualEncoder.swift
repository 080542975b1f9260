import Kernels
public import Storage
public import Torch

/// Embeds documents and labels in one space, where a pair is scored by its inner product.
///
///     s(i, l) = ⟨f(xᵢ), g(l)⟩ / τ + b_l
///
/// with f the encoder, τ the loss's temperature or a learnt one, and b_l a bias initialised to the
/// label's log prior. A label's vector g(l) is a free parameter, the encoder's embedding of the
/// label's text, or the sum of the two; label texts share the documents' encoder. With a `tower`, f
/// is the sum of the bag embedding and the tower's projection of a pretrained transformer's
/// vectors. A `SparseLinear` can be added on top.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-encoders for Extreme
///   Multi-label Classification. ICLR 2024. <https://arxiv.org/abs/2310.10636>
/// - Gradient: reaches every parameter; label texts are encoded again in each step.
/// - Units: scores are in nats after division by the temperature.
/// - Departures: the paper's encoders are transformers with neither free label vectors nor biases.
public final class DualEncoder: Layer {
  /// The source of label vectors.
  public enum LabelSource: String, Codable, Hashable, Sendable, CaseIterable {
    /// A free vector for each label.
    case free
    /// The label's text.
    case text
    /// The embedding of the label's text plus a free vector initialised to 0.
    case both
  }

  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The encoder of documents and label texts.
    public var encoder: BagEncoder.Configuration
    /// The source of label vectors.
    public var labels: LabelSource
    /// Whether each label has a bias.
    public var hasBias: Bool
    /// The sparse linear part added to the scores; nil for none.
    public var wide: SparseLinear.Configuration?
    /// Whether the temperature is learnt, starting from the loss's.
    public var learnsTemperature: Bool
    /// Whether label texts share the documents' bag encoder.
    public var sharesEncoder: Bool

    /// Creates a configuration; by default, free label vectors with biases.
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

    /// Decodes a configuration; a missing `learnsTemperature` means a fixed temperature, a missing
    /// `sharesEncoder` one shared encoder.
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

  /// The hyperparameters.
  public let configuration: Configuration
  /// Embeds documents, and label texts unless there is a `labelEncoder`.
  public let encoder: BagEncoder
  /// Embeds label texts if they do not share the documents' encoder.
  public let labelEncoder: BagEncoder?
  /// Embeds a pretrained transformer's vectors, added to the bag embeddings; nil for none.
  public let tower: TransformerTower?
  /// `[L, D]`; nil if labels are embedded from their texts alone.
  public let labelVectors: Tensor?
  /// `[L]`; nil if labels have no biases.
  public let bias: Tensor?
  /// `[1]`: log τ, if the temperature is learnt.
  public let logTemperature: Tensor?
  private let fixedTemperature: Double
  /// The labels that this process keeps; nil for all.
  let shard: LabelShard?

  /// The softmax temperature τ in force, learnt or fixed.
  public var temperature: Double {
    Self.temperature(logTemperature: logTemperature, fixed: fixedTemperature)
  }

  /// The softmax temperature of a model: exp(`logTemperature`), or `fixed` if none is learnt.
  public static func temperature(logTemperature: Tensor?, fixed: Double) -> Double {
    logTemperature.map { $0.detached().exp().scalar } ?? fixed
  }

  /// Creates a model with random weights.
  ///
  /// - Parameters:
  ///   - featureCount: the width of the bags.
  ///   - labelCounts: the number of training documents with each label, out of `documentCount`; the
  ///     biases start at log((count + ½) / documents).
  ///   - tower: embeds texts in addition to the bags, or instead of them if `featureCount` is 0.
  ///   - temperature: τ, or its initial value if it is learnt.
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
    fixedTemperature = temperature
    logTemperature =
      configuration.learnsTemperature
      ? Tensor([temperature]).log().converted(to: .float32).requiringGradient() : nil
    shard = nil
  }

  /// The part of a model that one of several processes keeps.
  init(part shard: LabelShard, _ stripe: FeatureStripe, of whole: DualEncoder) {
    configuration = whole.configuration
    encoder = whole.encoder.keeping(stripe)
    labelEncoder = whole.labelEncoder?.keeping(stripe)
    tower = whole.tower
    func own(_ tensor: Tensor) -> Tensor {
      tensor.detached()[shard.labels].copied().requiringGradient()
    }
    labelVectors = whole.labelVectors.map(own)
    bias = whole.bias.map(own)
    logTemperature = whole.logTemperature
    fixedTemperature = whole.fixedTemperature
    self.shard = shard
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

  /// Embeds a batch of documents and all labels in one pass through the encoder.
  ///
  /// - Parameters:
  ///   - documents: `[N, features]`.
  ///   - labelTexts: `[L, features]`; needed unless the labels are free.
  ///   - vectors: the transformer's vectors of the same texts, `[N, W]` and `[L, W]`; required if
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
      preconditionFailure("label texts are missing, required by source \(configuration.labels)")
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
    if let shard { labels = try shard.ownRows(of: labels) }
    if let labelVectors { labels = labels + labelVectors }
    return (encoder.normalized(all[0..<count]), encoder.normalized(labels))
  }

  /// The sum of the bag and vector embeddings, before normalisation.
  public func embeddings(of bags: CSRMatrix, vectors: Tensor?) throws -> Tensor {
    precondition(
      (tower == nil) == (vectors == nil),
      tower == nil ? "the model has no tower for these vectors" : "the tower's vectors are missing")
    return joined(try encoder(bags), vectors)
  }

  private func joined(_ embeddings: Tensor, _ vectors: Tensor?) -> Tensor {
    guard let tower, let vectors else { return embeddings }
    return embeddings + tower(vectors)
  }

  /// The embeddings of all labels: `[L, D]`.
  ///
  /// - Parameter vectors: the transformer's vectors of the label texts, `[L, W]`, if the model has
  ///   a tower.
  public func embeddings(ofLabels labelTexts: CSRMatrix?, vectors: Tensor? = nil) throws -> Tensor {
    guard configuration.labels != .free else {
      guard let labelVectors else { fatalError("a model with free labels has no label vectors") }
      return encoder.normalized(labelVectors)
    }
    guard let labelTexts else {
      preconditionFailure("label texts are missing, required by source \(configuration.labels)")
    }
    var labels = joined(try (labelEncoder ?? encoder)(labelTexts), vectors)
    if let shard { labels = try shard.ownRows(of: labels) }
    if let labelVectors { labels = labels + labelVectors }
    return encoder.normalized(labels)
  }
}

/// A pretrained transformer's vectors for the texts of one step.
public struct TransformerVectors: Sendable {
  /// `[N, W]`, one row per document.
  public var documents: Tensor
  /// `[L, W]`, one row per label; nil if labels are not embedded from their texts.
  public var labels: Tensor?

  /// Creates vectors of documents and labels.
  public init(documents: Tensor, labels: Tensor?) {
    self.documents = documents
    self.labels = labels
  }
}
