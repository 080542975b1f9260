public import Extreme
public import Storage
public import Torch

/// The training loss: one of `kinds`, or one that the caller defines.
///
/// The latter is stored with a run by the name of its type and its settings. Any program can
/// use the run; only one that has the loss can train with it.
public struct TrainingLoss: Codable, Hashable, Sendable {
  /// The loss itself; an `UnknownLoss` where it was read from a run and is not one of `kinds`.
  public let value: any LossOverLabels

  /// Chooses a loss.
  public init(_ value: some LossOverLabels) { self.value = value }

  /// Every loss that can be chosen by name.
  package static let kinds: [Kind] = [
    Kind(
      "decoupledSoftmax", "decoupled-softmax", DecoupledSoftmaxLoss(),
      "Contrast each positive with the negatives only (Gupta et al. 2024)."),
    Kind(
      "infoNCE", "infonce", InfoNCELoss(),
      "Contrast each positive with all labels (van den Oord et al. 2018)."),
    Kind(
      "binaryCrossEntropy", "bce", BinaryCrossEntropyLoss(), "Classify each label independently."),
    Kind(
      "softTopK", "soft-top-k", SoftTopKLoss(),
      "Rank the positives among the top K (Gupta et al. 2024).",
      [
        Setting(
          "places",
          "K of soft-top-k: a number, a number and a plus for at least that many, or \"labels\" for as "
            + "many as the document has.",
          .value(of: SoftTopKLoss.Places.self, "a number such as 5, \"5+\" or \"labels\""),
          .loss("top-k-places"), from: "5 in the code of Gupta et al. 2024"),
        Setting(
          "sharpness", "Sharpness of the threshold of soft-top-k.", .positive,
          .loss("top-k-sharpness"), from: "the code of Gupta et al. 2024"),
      ]),
    Kind(
      "squaredHinge", "squared-hinge", SquaredHingeLoss(),
      "Classify each label independently, with a margin."),
    Kind("mlcd", "mlcd", MLCDLoss(), "Separate positives and negatives by the score 0."),
    Kind(
      "zLoss", "z-loss", ZLoss(),
      "Standardize the scores, then raise the positives (de Brébisson, Vincent 2016).",
      [
        Setting("sharpness", "Sharpness around the target, the paper's a.", .positive),
        Setting("target", "Standardized score to aim at, the paper's b.", .anyNumber),
      ]),
  ]

  /// The name of the loss in configurations; that of its type if the caller defines it.
  public var name: String {
    kind?.name ?? (value as? UnknownLoss)?.name ?? "\(type(of: value))"
  }

  /// Whether settings files and options can name the loss.
  package var isOffered: Bool { kind != nil }

  /// The word of the loss on the command line; nil if the caller defines it.
  package var word: String? { kind?.word }

  private var kind: Kind? { Self.kinds.first { $0.usual.isOfSameType(as: value) } }

  /// The softmax temperature; scores are divided by it.
  public var temperature: Double {
    get { value.temperature }
    set { self = with(temperature: newValue) }
  }

  /// The same loss with another temperature.
  public func with(temperature: Double) -> TrainingLoss {
    func changed(_ loss: some LossOverLabels) -> TrainingLoss {
      var loss = loss
      loss.temperature = temperature
      return TrainingLoss(loss)
    }
    return changed(value)
  }

  /// The loss of a batch, streamed over blocks of labels.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`.
  ///   - positives: `[N, L]`.
  ///   - logTemperature: the logarithm of a learnt temperature; nil takes `temperature`.
  ///   - offset: scores of a wide model, which receives its own gradient.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    logTemperature: Tensor? = nil, offset: SparseLinearScores? = nil
  ) throws -> Tensor {
    guard let logTemperature else {
      return try value(
        queries: queries, labels: labels, bias: bias, positives: positives, offset: offset)
    }
    return try value(
      queries: queries, labels: labels, bias: bias, positives: positives,
      logTemperature: logTemperature, offset: offset)
  }

  /// Whether both are the same loss with the same settings.
  public static func == (first: TrainingLoss, second: TrainingLoss) -> Bool {
    AnyHashable(first.value) == AnyHashable(second.value)
  }

  /// Hashes the loss with its settings.
  public func hash(into hasher: inout Hasher) { value.hash(into: &hasher) }

  /// Reads an object whose only key names the loss: `{"decoupledSoftmax": {"temperature": 1}}`; or
  /// `{"other": {"name": "FocalLoss", "temperature": 1, "settings": "{…}"}}`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    if container.contains(.other) {
      value = try container.decode(UnknownLoss.self, forKey: .other)
      return
    }
    guard container.allKeys.count == 1, let name = container.allKeys.first,
      let kind = Self.kinds.first(where: { $0.name == name.stringValue })
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "one known loss is expected"))
    }
    value = try kind.decode(container, name)
  }

  /// Writes an object whose only key names the loss.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    if isOffered {
      try container.encode(value, forKey: Name(stringValue: name))
    } else {
      try container.encode(value as? UnknownLoss ?? UnknownLoss(value, named: name), forKey: .other)
    }
  }

  fileprivate struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
    static let other = Name(stringValue: "other")
  }
}

extension TrainingLoss {
  /// A loss that can be chosen: its names, its type and its settings.
  package struct Kind: Sendable {
    /// The key in configurations.
    package let name: String
    /// The word on the command line.
    package let word: String
    /// The loss with its defaults.
    package let usual: any LossOverLabels
    fileprivate let setting: Setting
    fileprivate let decode:
      @Sendable (KeyedDecodingContainer<Name>, Name) throws -> any LossOverLabels

    fileprivate init<Loss: LossOverLabels>(
      _ name: String, _ word: String, _ usual: Loss, _ text: String, _ settings: [Setting] = []
    ) {
      (self.name, self.word, self.usual) = (name, word, usual)
      decode = { try $0.decode(Loss.self, forKey: $1) }
      setting = Setting(
        name, text, addedBy: "--loss \(word)",
        members: [
          Setting(
            "temperature", "Softmax temperature; scores are divided by it.", .positive,
            .loss("temperature"), from: "the code of Gupta et al. 2024",
            null: "1, or 0.05 for embeddings of unit length", isDerived: true),
          Setting("blockSize", "Labels scored at a time.", .count, null: "about a million scores"),
        ] + settings)
    }
  }

  /// The setting of the loss: a group with the settings of one kind.
  static var setting: Setting {
    let words = kinds.map { kind -> (word: String, value: JSONValue) in
      (kind.word, .object([.init(kind.name, .init(.object([])))]))
    }
    return Setting(
      "loss", "Training loss.", .group, .init(.loss, "loss", .value(words: words)),
      usual: kinds[0].word, members: kinds.map(\.setting))
  }
}

extension LossOverLabels {
  fileprivate func isOfSameType(as other: any LossOverLabels) -> Bool { other is Self }
}
