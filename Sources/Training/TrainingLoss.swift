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

  /// Positives and negatives against the score 0.
  case mlcd(MLCDLoss)
  /// Positives against the mean and the deviation of all scores.
  case zLoss(ZLoss)

  /// The loss itself.
  public var value: any LossOverLabels {
    switch self {
    case .decoupledSoftmax(let loss): loss
    case .infoNCE(let loss): loss
    case .binaryCrossEntropy(let loss): loss
    case .softTopK(let loss): loss
    case .squaredHinge(let loss): loss
    case .mlcd(let loss): loss
    case .zLoss(let loss): loss
    }
  }

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
    try value(
      queries: queries, labels: labels, bias: bias, positives: positives, beside: beside)
  }

  /// What scores are divided by.
  public var temperature: Double { value.temperature }

  /// The same loss with another temperature.
  public func with(temperature: Double) -> TrainingLoss {
    func changed<Loss: LossOverLabels>(_ loss: Loss) -> Loss {
      var loss = loss
      loss.temperature = temperature
      return loss
    }
    return switch self {
    case .decoupledSoftmax(let loss): .decoupledSoftmax(changed(loss))
    case .infoNCE(let loss): .infoNCE(changed(loss))
    case .binaryCrossEntropy(let loss): .binaryCrossEntropy(changed(loss))
    case .softTopK(let loss): .softTopK(changed(loss))
    case .squaredHinge(let loss): .squaredHinge(changed(loss))
    case .mlcd(let loss): .mlcd(changed(loss))
    case .zLoss(let loss): .zLoss(changed(loss))
    }
  }
}

extension TrainingLoss {
  private enum Name: String, CodingKey {
    case decoupledSoftmax, infoNCE, binaryCrossEntropy, softTopK, squaredHinge, mlcd, zLoss
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
    case .mlcd: self = .mlcd(try container.decode(forKey: name))
    case .zLoss: self = .zLoss(try container.decode(forKey: name))
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
    case .mlcd(let loss): try container.encode(loss, forKey: .mlcd)
    case .zLoss(let loss): try container.encode(loss, forKey: .zLoss)
    }
  }
}

extension KeyedDecodingContainer {
  fileprivate func decode<T: Decodable>(forKey key: Key) throws -> T {
    try decode(T.self, forKey: key)
  }
}
