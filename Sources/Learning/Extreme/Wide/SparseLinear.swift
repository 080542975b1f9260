public import Storage
public import Torch

/// A linear model with one weight per (feature, label) pair that co-occurs in training: the wide
/// part of a wide-and-deep model.
///
/// Embeddings generalise, but cannot memorise that one rare word means one label. An added linear
/// score can:
///
///     w(x, l) = Σ_f x_f W_fl
///
/// with a weight W_fl only if some training document has both the feature f and the label l, and f
/// is not too common. Both parts are summed before the loss and trained jointly.
///
/// - Paper: Cheng et al. Wide & Deep Learning for Recommender Systems. DLRS 2016.
///   <https://arxiv.org/abs/1606.07792>
/// - Gradient: reaches the weights through losses over label blocks, only for the features of the
///   batch (`SparseLinearScores`), bypassing libtorch's autograd; only if the queries, the labels
///   or the bias require a gradient too.
/// - Units: those of the scores, nats. All weights start at 0, so that an unseen pair contributes
///   nothing.
/// - Departures: the paper trains its wide part with FTRL on hand-crafted cross features; here
///   features are the document's own, weights exist for pairs that occur, and the optimiser is
///   Adagrad or plain gradient descent.
/// - Complexity: 8 bytes of memory per pair, 4 more while Adagrad trains; the cost of a document is
///   proportional to its features' pairs.
public final class SparseLinear: Sendable {
  /// The optimiser of the weights.
  public enum Method: String, Codable, Hashable, Sendable, CaseIterable {
    /// Equal step sizes for rare and common pairs.
    case adagrad
    /// Step sizes proportional to the gradient.
    case sgd
  }

  /// The selection of pairs and the optimiser.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The optimiser: Adagrad for many documents, gradient descent for few.
    public var method: Method
    /// The learning rate; defaults are ours: 0.3 for Adagrad, 100 for gradient descent, with bags
    /// of length 1.
    public var learningRate: Double
    /// Features in a larger share of the training documents have no weights.
    ///
    /// They carry little information and cost most: a feature's pairs grow with its documents.
    public var maximumDocumentShare: Double
    /// The minimum number of documents with both the feature and the label; 0 gives every label a
    /// weight for every feature that occurs.
    ///
    /// Then a feature can also be evidence against a label it never occurs with, as in linear
    /// methods, at the cost of features × labels weights.
    public var minimumPairCount: Int

    /// Creates a configuration; by default, features in at most one of 200 documents have weights.
    public init(
      method: Method = .adagrad, learningRate: Double? = nil,
      maximumDocumentShare: Double = 0.005, minimumPairCount: Int = 1
    ) {
      self.method = method
      self.learningRate = learningRate ?? Self.usualRate(method)
      self.maximumDocumentShare = maximumDocumentShare
      self.minimumPairCount = minimumPairCount
    }

    /// Decodes a configuration; without a method it is Adagrad, as in older runs.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      method = try container.decodeIfPresent(Method.self, forKey: .method) ?? .adagrad
      learningRate = try container.decode(Double.self, forKey: .learningRate)
      maximumDocumentShare = try container.decode(Double.self, forKey: .maximumDocumentShare)
      minimumPairCount = try container.decode(Int.self, forKey: .minimumPairCount)
    }

    /// The default learning rate of a method.
    public static func usualRate(_ method: Method) -> Double { method == .adagrad ? 0.3 : 100 }
  }

  /// `[features, L]`, without values: the pairs with weights, labels ascending within a row.
  public let pattern: CSRMatrix
  /// `[pairs]` in the order of the pattern, float32 or float64.
  public let weights: Tensor

  /// Creates a model from the weights of a pattern's pairs.
  ///
  /// - Precondition: the labels of each row are strictly ascending; one weight per pair, float32 or
  ///   float64 on the CPU.
  public init(pattern: CSRMatrix, weights: Tensor) {
    precondition(
      weights.shape == [pattern.entryCount],
      "weights of shape \(weights.shape) for \(pattern.entryCount) pairs")
    self.pattern = pattern
    self.weights = weights.contiguous()
  }

  /// Creates a model with zero weights for the pairs in training documents, or for all labels of
  /// their features.
  ///
  /// - Parameters:
  ///   - bags: `[N, features]`; a feature at most once per document. Values are not used.
  ///   - labels: `[N, L]`; a label at most once per document.
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

  /// Creates an optimiser of the weights.
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
          // The share was parsed from decimal digits, and the quotient rounds the same way: 29 of
          // 100 is 0.29.
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
