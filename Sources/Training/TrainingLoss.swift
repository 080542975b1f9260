public import Learning
public import Torch

/// The losses that a dual encoder can be trained with.
public enum TrainingLoss: Codable, Hashable, Sendable {
  /// Each positive against the negatives only.
  case decoupledSoftmax(DecoupledSoftmaxLoss)
  /// Each positive against all labels.
  case infoNCE(InfoNCELoss)
  /// Each label on its own.
  case binaryCrossEntropy(BinaryCrossEntropyLoss)
  /// The positives among the first K.
  case softTopK(SoftTopKLoss)
  /// Each label on its own, with a margin.
  case squaredHinge(SquaredHingeLoss)

  /// The loss of a batch, streamed over blocks of labels.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`.
  ///   - positives: `[N, L]`.
  ///   - beside: a wide part's scores, which takes its gradient.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix,
    beside: SparseLinearScores? = nil
  ) throws -> Tensor {
    switch self {
    case .decoupledSoftmax(let loss):
      try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    case .infoNCE(let loss):
      try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    case .binaryCrossEntropy(let loss):
      try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    case .softTopK(let loss):
      try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    case .squaredHinge(let loss):
      try loss(
        queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
    }
  }

  /// What scores are divided by.
  public var temperature: Double {
    switch self {
    case .decoupledSoftmax(let loss): loss.temperature
    case .infoNCE(let loss): loss.temperature
    case .binaryCrossEntropy(let loss): loss.temperature
    case .softTopK(let loss): loss.temperature
    case .squaredHinge(let loss): loss.temperature
    }
  }
}

extension TrainingLoss {
  private enum Name: String, CodingKey {
    case decoupledSoftmax, infoNCE, binaryCrossEntropy, softTopK, squaredHinge
  }

  /// Reads an object whose only key names the loss: `{"decoupledSoftmax": {"temperature": 1}}`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    guard container.allKeys.count == 1, let name = container.allKeys.first else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "one known loss is expected"))
    }
    switch name {
    case .decoupledSoftmax: self = .decoupledSoftmax(try container.decode(forKey: name))
    case .infoNCE: self = .infoNCE(try container.decode(forKey: name))
    case .binaryCrossEntropy: self = .binaryCrossEntropy(try container.decode(forKey: name))
    case .softTopK: self = .softTopK(try container.decode(forKey: name))
    case .squaredHinge: self = .squaredHinge(try container.decode(forKey: name))
    }
  }

  /// Writes an object whose only key names the loss.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Name.self)
    switch self {
    case .decoupledSoftmax(let loss): try container.encode(loss, forKey: .decoupledSoftmax)
    case .infoNCE(let loss): try container.encode(loss, forKey: .infoNCE)
    case .binaryCrossEntropy(let loss): try container.encode(loss, forKey: .binaryCrossEntropy)
    case .softTopK(let loss): try container.encode(loss, forKey: .softTopK)
    case .squaredHinge(let loss): try container.encode(loss, forKey: .squaredHinge)
    }
  }
}

extension KeyedDecodingContainer {
  fileprivate func decode<T: Decodable>(forKey key: Key) throws -> T {
    try decode(T.self, forKey: key)
  }
}
