public import Torch

/// Pretrains an encoder of single instances with coarse labels of whole sets.
///
/// With an encoder e, a set transformer φ and a linear classifier g:
///
///     L = −log softmax(g(φ({e(x) for x in the set})))_y     averaged over sets
///
/// The encoder is then used with few labelled instances; φ and g are dropped.
///
/// - Paper: Zhang, Khan, Chen, Grossman. Enhancing Instance-Level Image Classification with Set-Level
///   Labels. ICLR 2024. <https://arxiv.org/abs/2311.05659>
/// - Gradient: reaches the embeddings, and so the encoder, and the parameters of φ and g.
/// - Units: nats, averaged over sets.
/// - Departures: none from the authors' code with its set transformer; the paper's text was not
///   available. Sets may differ in size; theirs have 5 members.
/// - Complexity: O(members · D²) time for sets of a bounded size.
public final class FACILE: Layer, Sendable {
  /// The size of the network of sets.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The width D of an embedding, and of a set's vector.
    public var inputs: Int
    /// The number of set labels C.
    public var classes: Int
    /// The width within the set transformer; default 128, from the authors' code.
    public var hidden: Int
    /// The number of heads; default 4, from the authors' code.
    public var heads: Int
    /// The number of induced points; default 5, from the authors' code.
    public var inducedPoints: Int

    /// Creates a configuration.
    public init(
      inputs: Int, classes: Int, hidden: Int = 128, heads: Int = 4, inducedPoints: Int = 5
    ) {
      self.inputs = inputs
      self.classes = classes
      self.hidden = hidden
      self.heads = heads
      self.inducedPoints = inducedPoints
    }
  }

  /// φ.
  public let setModel: SetTransformer
  /// g.
  public let classifier: Linear

  /// Creates a network with random weights.
  ///
  /// - Precondition: `hidden` is a multiple of `heads`.
  public init(_ configuration: Configuration, generator: Generator) {
    setModel = SetTransformer(
      from: configuration.inputs, to: configuration.inputs,
      inducedPoints: configuration.inducedPoints, hidden: configuration.hidden,
      heads: configuration.heads, generator: generator)
    classifier = Linear(
      from: configuration.inputs, to: configuration.classes, generator: generator)
  }

  /// Those of `setModel` and `classifier`.
  public var parameters: [(name: String, tensor: Tensor)] {
    setModel.parameters(under: "setModel") + classifier.parameters(under: "classifier")
  }

  /// The scores of the set labels, `[sets, C]`.
  ///
  /// - Parameters:
  ///   - embeddings: `[members, D]`, those of one set after the other.
  ///   - sets: the rows of each set.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: as many rows as members; a set or more.
  public func callAsFunction(_ embeddings: Tensor, in sets: SetRows) throws -> Tensor {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == sets.ranges.last?.upperBound,
      "embeddings \(embeddings.shape) of \(sets.ranges.count) sets")
    return try classifier(setModel(embeddings, in: sets))
  }

  /// L.
  ///
  /// - Parameter classes: the label of each set, `[sets]` int64.
  /// - Throws: `TorchError` if libtorch fails.
  public func loss(_ embeddings: Tensor, in sets: SetRows, classes: Tensor) throws -> Tensor {
    let scores = try self(embeddings, in: sets)
    return try checked { scores.crossEntropy(ofClasses: classes) }
  }
}
