public import Torch

/// A weight for each feature and label that were seen together: the wide part of a wide-and-deep
/// model.
///
/// An embedding generalises; it cannot remember that one rare word means one label. A linear score
/// beside it can:
///
///     w(x, l) = Σ_f x_f W_fl
///
/// with a weight W_fl only where some training document has both the feature f and the label l, and
/// f is not too common. Both parts are added before the loss and learnt from it together.
///
/// - Paper: Cheng et al. Wide & Deep Learning for Recommender Systems. DLRS 2016.
///   <https://arxiv.org/abs/1606.07792>
/// - Gradient: reaches the weights through the losses over label blocks, at the features of the
///   batch alone (`SparseLinearScores`), not through libtorch; only where the queries, the labels or
///   the bias ask for one too.
/// - Units: those of the scores, nats. All weights start at 0, so that an unknown pair counts nothing.
/// - Departures: the paper trains its wide part by FTRL on hand-made crossed features; ours are the
///   document's own features, the weights are those of pairs that occur, and Adagrad or plain
///   gradient descent moves them.
/// - Complexity: memory of 8 bytes a pair, 4 more while Adagrad trains; a document costs its features'
///   pairs.
public final class SparseLinear {
  /// How weights are moved.
  public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
    /// Equal steps for rare and common pairs.
    case adagrad
    /// Steps as large as the gradient.
    case sgd
  }

  /// Which pairs have weights and how they are learnt.
  public struct Configuration: Codable, Hashable, Sendable {
    /// How weights are moved: Adagrad for many documents, gradient descent for few.
    public var method: Method
    /// The step size, ours: 0.3 for Adagrad, 100 for gradient descent, bags having length 1.
    public var learningRate: Double
    /// Features that occur in a larger share of the training documents have no weights.
    ///
    /// They say little and cost most: a feature's pairs grow with its documents.
    public var maximumDocumentShare: Double
    /// How many documents must have both the feature and the label; with 0, every label has a weight
    /// for every feature that occurs.
    ///
    /// What is never seen together can then speak against a label, as in the linear methods, at the
    /// cost of features × labels weights.
    public var minimumPairCount: Int

    /// Takes pairs of features in at most one of 200 documents, unless told otherwise.
    public init(
      method: Method = .adagrad, learningRate: Double? = nil,
      maximumDocumentShare: Double = 0.005, minimumPairCount: Int = 1
    ) {
      self.method = method
      self.learningRate = learningRate ?? Self.usualRate(method)
      self.maximumDocumentShare = maximumDocumentShare
      self.minimumPairCount = minimumPairCount
    }

    /// Reads the settings; runs that name no method were trained by Adagrad.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      method = try container.decodeIfPresent(Method.self, forKey: .method) ?? .adagrad
      learningRate = try container.decode(Double.self, forKey: .learningRate)
      maximumDocumentShare = try container.decode(Double.self, forKey: .maximumDocumentShare)
      minimumPairCount = try container.decode(Int.self, forKey: .minimumPairCount)
    }

    /// The step size that a method has unless it is told another.
    public static func usualRate(_ method: Method) -> Double { method == .adagrad ? 0.3 : 100 }
  }

  /// `[features, L]`, without values: which pairs have weights; the labels of a row rise.
  public let pattern: CSRMatrix
  /// `[pairs]` in the order of the pattern, float32 or float64.
  public let weights: Tensor

  /// Gives each pair of the pattern its weight.
  ///
  /// - Precondition: the labels of each row rise strictly; there is one weight a pair, float32 or
  ///   float64 on the CPU.
  public init(pattern: CSRMatrix, weights: Tensor) {
    precondition(
      weights.shape == [pattern.entryCount],
      "weights of shape \(weights.shape) for \(pattern.entryCount) pairs")
    self.pattern = pattern
    self.weights = weights.contiguous()
  }

  /// The pairs that occur in training documents, or all of their features', with weights of 0.
  ///
  /// - Parameters:
  ///   - bags: `[N, features]`; a document names a feature once. Values are not used.
  ///   - labels: `[N, L]`; a document names a label once.
  public convenience init(
    _ configuration: Configuration, bags: CSRMatrix, labels: CSRMatrix, dtype: DType = .float32
  ) {
    let pattern = Self.pairs(configuration, bags: bags, labels: labels)
    self.init(pattern: pattern, weights: .zeros([pattern.entryCount], dtype: dtype))
  }

  /// The scores of a batch's documents, to be added to those of the embeddings.
  ///
  /// - Parameter bags: `[B, features]`.
  public func callAsFunction(_ bags: CSRMatrix) -> SparseLinearScores {
    SparseLinearScores(self, bags: bags)
  }

  /// An optimiser of the weights.
  public func optimizer(_ configuration: Configuration) -> any SparseLinearOptimizer {
    switch configuration.method {
    case .adagrad: SparseLinearAdagrad(self, learningRate: configuration.learningRate)
    case .sgd: SparseLinearSGD(learningRate: configuration.learningRate)
    }
  }

  private static func pairs(
    _ configuration: Configuration, bags: CSRMatrix, labels: CSRMatrix
  ) -> CSRMatrix {
    precondition(
      bags.rowCount == labels.rowCount,
      "\(bags.rowCount) documents with \(labels.rowCount) rows of labels")
    let documents = bags.transposed()
    let documentCount = Double(bags.rowCount)
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(bags.columnCount + 1)
    var columns: [Int32] = []
    var counts = [Int32](repeating: 0, count: labels.columnCount)
    let labelBounds = Array(labels.rowOffsets)
    let least = Int32(clamping: configuration.minimumPairCount)
    documents.columns.withUnsafeBufferPointer { documentsOf in
      labels.columns.withUnsafeBufferPointer { labelsOf in
        for feature in 0..<bags.columnCount {
          let range = documents.entries(ofRow: feature)
          // The quotient is rounded as the share was when it was written: 29 of 100 are 0.29.
          if Double(range.count) / documentCount <= configuration.maximumDocumentShare {
            var seen: [Int32] = []
            for document in documentsOf[range] {
              let bounds = Int(labelBounds[Int(document)])..<Int(labelBounds[Int(document) + 1])
              for label in labelsOf[bounds] {
                if counts[Int(label)] == 0 { seen.append(label) }
                counts[Int(label)] += 1
              }
            }
            seen.sort()
            if least == 0, !range.isEmpty {
              columns.append(contentsOf: 0..<Int32(labels.columnCount))
            }
            for label in seen {
              if least > 0, counts[Int(label)] >= least { columns.append(label) }
              counts[Int(label)] = 0
            }
          }
          offsets.append(Int64(columns.count))
        }
      }
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      columnCount: labels.columnCount)
  }
}
