public import Torch

/// Trains a network to classify the nodes of one graph and keeps the epoch that is best on held-out
/// nodes.
///
/// Adam minimises the loss on the training nodes plus λ / 2 · ‖W‖² of the penalised parameters, all
/// nodes at once. The best epoch has the highest accuracy on the validation nodes, and the lowest loss
/// among equals.
public struct NodeTraining: Codable, Hashable, Sendable {
  /// The largest number of epochs; default 200, as Kipf and Welling's.
  public var epochs: Int
  /// The learning rate; default 0.01.
  public var learningRate: Double
  /// λ; default 5 · 10⁻⁴.
  public var weightPenalty: Double
  /// The beginning of the penalised parameters' names, empty for all; default `0.`, the first layer.
  public var penalized: String
  /// Training ends after so many epochs without a better one.
  public var patience: Int

  /// Creates the settings of a training.
  public init(
    epochs: Int = 200, learningRate: Double = 0.01, weightPenalty: Double = 5e-4,
    penalized: String = "0.", patience: Int = 100
  ) {
    self.epochs = epochs
    self.learningRate = learningRate
    self.weightPenalty = weightPenalty
    self.penalized = penalized
    self.patience = patience
  }

  /// The result of a training.
  public struct Outcome: Codable, Hashable, Sendable {
    /// The kept epoch, from 1; 0 if none was better than the network at the start.
    public var bestEpoch: Int
    /// The number of epochs.
    public var epochs: Int
    /// The share of validation nodes with the right class, in the kept epoch.
    public var validationAccuracy: Double
  }

  /// A loss of class scores `[N, C]` of some nodes, given as int64 `[N]`.
  public typealias Objective = (_ scores: Tensor, _ nodes: Tensor) throws -> Tensor

  /// Trains `network` in place; it ends in evaluation mode with the best epoch's parameters.
  ///
  /// - Parameters:
  ///   - classes: the class of each node of the graph; only those of the given nodes are read.
  ///   - train: the nodes to learn from.
  ///   - validation: the nodes to choose the epoch by.
  ///   - objective: the loss on the training nodes; by default the cross-entropy with `classes`.
  /// - Throws: `TorchError` if libtorch fails; the objective's error.
  /// - Precondition: there is a node to learn from and one to choose by, and each has a class.
  public func callAsFunction(
    _ network: some NodeNetwork, features: NodeFeatures, over propagation: SparseMatrix,
    classes: [Int], train: [Int], validation: [Int], objective: Objective? = nil
  ) throws -> Outcome {
    precondition(!train.isEmpty && !validation.isEmpty, "no nodes to train on or to choose by")
    let nodes = Tensor(train.map(Int64.init))
    let targets = Tensor(train.map { Int64(classes[$0]) })
    return try self(network) {
      let scores = try network(features, over: propagation).gathered(rows: nodes)
      return try objective?(scores, nodes) ?? scores.crossEntropy(ofClasses: targets)
    } judging: {
      try judged(network, features, propagation, classes, validation)
    }
  }

  /// Trains `network` in place; it ends in evaluation mode with the best epoch's parameters.
  ///
  /// - Parameters:
  ///   - objective: the loss of an epoch.
  ///   - judging: the value of an epoch, called in evaluation mode and without gradients.
  /// - Throws: `TorchError` if libtorch fails; the errors of the two functions.
  public func callAsFunction(
    _ network: some Layer & TrainingAware, minimizing objective: () throws -> Tensor,
    judging: () throws -> (accuracy: Double, loss: Double)
  ) throws -> Outcome {
    let parameters = network.parameters
    let penalized = parameters.filter { $0.name.hasPrefix(self.penalized) }.map(\.tensor)
    let optimizer = AdamW(
      parameters.map(\.tensor), .init(learningRate: learningRate, weightDecay: 0))
    var best = Outcome(bestEpoch: 0, epochs: 0, validationAccuracy: -1)
    var bestLoss = Double.infinity
    var kept: [Tensor] = []
    for epoch in 1...max(epochs, 1) {
      network.isTraining = true
      var loss = try objective()
      if weightPenalty > 0 {
        for weight in penalized { loss = loss + weight.squared().sum() * (weightPenalty / 2) }
      }
      optimizer.clearGradients()
      try loss.backward()
      try optimizer.step()
      best.epochs = epoch
      network.isTraining = false
      let (accuracy, heldOutLoss) = try withoutGradients { try judging() }
      if accuracy > best.validationAccuracy
        || accuracy == best.validationAccuracy && heldOutLoss < bestLoss
      {
        (best.bestEpoch, best.validationAccuracy, bestLoss) = (epoch, accuracy, heldOutLoss)
        kept = parameters.map { $0.tensor.detached().copied() }
      } else if epoch - best.bestEpoch >= patience {
        break
      }
    }
    withoutGradients {
      for (parameter, value) in zip(parameters, kept) {
        parameter.tensor.copyInPlace(from: value)
      }
    }
    network.isTraining = false
    return best
  }

  private func judged(
    _ network: some NodeNetwork, _ features: NodeFeatures, _ propagation: SparseMatrix,
    _ classes: [Int], _ nodes: [Int]
  ) throws -> (accuracy: Double, loss: Double) {
    let scores = try network(features, over: propagation)
      .gathered(rows: Tensor(nodes.map(Int64.init)))
    let truth = Tensor(nodes.map { Int64(classes[$0]) })
    return (Self.accuracy(of: scores, truth), scores.crossEntropy(ofClasses: truth).scalar)
  }

  /// The share of `nodes` whose highest score is that of their class.
  ///
  /// The network is put into evaluation mode.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public static func accuracy(
    of network: some NodeNetwork, features: NodeFeatures, over propagation: SparseMatrix,
    classes: [Int], nodes: [Int]
  ) throws -> Double {
    network.isTraining = false
    return try withoutGradients {
      let scores = try network(features, over: propagation)
        .gathered(rows: Tensor(nodes.map(Int64.init)))
      return accuracy(of: scores, Tensor(nodes.map { Int64(classes[$0]) }))
    }
  }

  private static func accuracy(of scores: Tensor, _ truth: Tensor) -> Double {
    scores.argmax(along: 1).isEqual(to: truth).converted(to: .float64).mean().scalar
  }
}
