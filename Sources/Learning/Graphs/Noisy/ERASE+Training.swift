public import Storage
public import Torch

extension ERASE {
  /// The authors' settings for Cora and CiteSeer, but for AMSGrad.
  public static let training = NodeTraining(
    epochs: 400, learningRate: 1e-3, weightPenalty: 5e-4, penalized: "", patience: 150)

  /// The result of a training.
  public struct Outcome: Codable, Hashable, Sendable {
    /// The kept epoch and the accuracy on validation nodes, by the nearest mean of a class.
    public var training: NodeTraining.Outcome
    /// π of each node in the kept epoch; a classifier of the embeddings learns those of the known nodes.
    public var labels: [Int]
  }

  /// Trains `network` in place; it ends in evaluation mode with the best epoch's parameters.
  ///
  /// - Parameters:
  ///   - propagation: that of the network.
  ///   - classes: the given class of each node; only those of the given nodes are read.
  ///   - train: the nodes to learn from.
  ///   - validation: the nodes to choose the epoch by, by their given classes.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: there is a node to learn from and one to choose by, and each has a class.
  public func train(
    _ network: some NodeNetwork, features: NodeFeatures, over propagation: SparseMatrix,
    in graph: Graph, classes: [Int], classCount: Int, train: [Int], validation: [Int],
    training: NodeTraining = ERASE.training
  ) throws -> Outcome {
    precondition(!train.isEmpty && !validation.isEmpty, "no nodes to train on or to choose by")
    let spreading = Self.propagation(of: graph)
    let known = try denoised(classes, known: train, classCount: classCount, in: graph)
    let nodes = Tensor(validation.map(Int64.init))
    let truth = Tensor(validation.map { Int64(classes[$0]) })
    func labels(_ embeddings: Tensor) throws -> Tensor {
      try self.labels(of: embeddings, denoised: known, known: train, over: spreading)
    }
    let outcome = try training(network) {
      let embeddings = try network(features, over: propagation)
      return try self(embeddings: embeddings, labels: labels(embeddings))
    } judging: {
      let embeddings = try network(features, over: propagation)
      let best = try nearest(
        embeddings, labels: labels(embeddings), known: train, classCount: classCount)
      let isRight = best.gathered(rows: nodes).isEqual(to: truth)
      return (isRight.converted(to: .float64).mean().scalar, 0)
    }
    let final = try withoutGradients { try labels(network(features, over: propagation)) }
    return Outcome(training: outcome, labels: final.array(of: Int64.self).map(Int.init))
  }
}
