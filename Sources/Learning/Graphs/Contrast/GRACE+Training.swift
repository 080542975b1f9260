public import Storage
import Torch

extension GRACE {
  /// The settings of a training.
  public struct Training: Codable, Hashable, Sendable {
    /// The number of epochs; default 200, the authors' for Cora and CiteSeer.
    public var epochs: Int
    /// The learning rate; default 5 · 10⁻⁴, the authors' for Cora.
    public var learningRate: Double
    /// λ of the penalty λ / 2 · ‖W‖² of all parameters; default 10⁻⁵, the authors'.
    public var weightPenalty: Double

    /// Creates settings.
    public init(epochs: Int = 200, learningRate: Double = 5e-4, weightPenalty: Double = 1e-5) {
      self.epochs = epochs
      self.learningRate = learningRate
      self.weightPenalty = weightPenalty
    }
  }

  /// Trains the network in place, with Adam and all nodes at once.
  ///
  /// - Parameter regularization: POT, which is mixed into the loss; none if nil.
  /// - Returns: the loss of the last epoch.
  /// - Throws: `TorchError` if libtorch fails.
  @discardableResult
  public func train(
    on features: NodeFeatures, in graph: Graph, regularization: POT? = nil,
    training: Training = .init()
  ) throws -> Double {
    let parameters = parameters.map(\.tensor)
    let optimizer = AdamW(
      parameters, .init(learningRate: training.learningRate, weightDecay: 0))
    let whole = GraphConvolution.propagation(of: graph)
    let bounds = configuration.edgeDropouts.map { POT.Bounds(of: graph, edgeDropout: $0) }
    var last = Double.nan
    for _ in 0..<training.epochs {
      let views = [0, 1].map { view($0, of: features, in: graph) }
      let embeddings = try views.map { try self($0.features, over: $0.propagation) }
      var loss = try self.loss(embeddings[0], embeddings[1])
      if let regularization {
        let terms = try [0, 1].map { index in
          try regularization(
            layers, features, embeddings: embeddings[1 - index], whole: whole,
            view: views[index].propagation, bounds: bounds[index])
        }
        loss =
          loss * (1 - regularization.share) + (terms[0] + terms[1]) * (regularization.share / 2)
      }
      last = loss.scalar
      for weight in parameters {
        loss = loss + weight.squared().sum() * (training.weightPenalty / 2)
      }
      optimizer.clearGradients()
      try loss.backward()
      try optimizer.step()
    }
    return last
  }
}
