import Extreme
import Models
import Storage
import Torch

/// One part of a task: its step and its state.
protocol TaskPart: AnyObject {
  /// The prefix of the names of the part's tensors in a checkpoint.
  var prefix: String { get }
  /// Forgets the gradients of the step before.
  func clearGradients()
  /// Continues the backward pass from the part's outputs, once the loss has left its gradient there.
  func backward() throws
  /// Moves the part's weights along their gradients.
  func step(_ step: ScheduledStep) throws
  /// The tensors that a checkpoint stores, without the prefix.
  var state: [String: Tensor] { get }
  /// The names in `state` of the tensors with a row for each row of a parameter.
  func stateNames(of parameter: Tensor) -> [String]
  /// Goes back to a state that `state` gave.
  ///
  /// - Throws: `InputError` when it does not fit.
  func restore(_ state: [String: Tensor]) throws
}

extension TaskPart {
  func clearGradients() {}
  func backward() throws {}
  func step(_ step: ScheduledStep) throws {}
  func stateNames(of parameter: Tensor) -> [String] { [] }
}

/// The position of a step in the learning rate schedule.
struct ScheduledStep {
  /// The step's number, from 0.
  var number: Int
  /// The number of steps of the whole training.
  var totalSteps: Int
  /// The factor of the base learning rates.
  var factor: Double
}

/// Parameters that one optimiser moves, by its initial learning rate times the schedule's factor.
final class OptimizedPart: TaskPart {
  let prefix: String
  private let optimizer: any Optimizer
  private let parameters: [Tensor]
  private let learningRate: Double

  /// - Parameter parameters: those of the optimiser, in its order.
  init(_ prefix: String, _ optimizer: any Optimizer, of parameters: [Tensor]) {
    self.prefix = prefix
    self.optimizer = optimizer
    self.parameters = parameters
    learningRate = optimizer.learningRate
  }

  func clearGradients() { optimizer.clearGradients() }

  func stateNames(of parameter: Tensor) -> [String] {
    parameters.indices.filter { parameters[$0].isSame(as: parameter) }.flatMap { index in
      optimizer.state.keys.filter { $0.hasSuffix(".\(index)") }
    }
  }

  func step(_ step: ScheduledStep) throws {
    optimizer.learningRate = learningRate * step.factor
    try optimizer.step()
  }

  var state: [String: Tensor] { optimizer.state }

  func restore(_ state: [String: Tensor]) throws { try optimizer.restore(state) }
}

/// The wide model of a dual encoder.
final class WidePart: TaskPart {
  /// The prefix of its weights in the model.
  static let modelPrefix = "wide."
  let prefix = "wide."
  let model: SparseLinear
  /// The training documents' features that have weights.
  let bags: CSRMatrix
  private let optimizer: any SparseLinearOptimizer
  private let learningRate: Double
  /// The scores of the current batch, which receive its gradient.
  private var scores: SparseLinearScores?

  init(_ configuration: SparseLinear.Configuration, bags: CSRMatrix, labels: CSRMatrix) {
    model = SparseLinear(configuration, bags: bags, labels: labels)
    self.bags = model.featuresWithPairs(bags)
    optimizer = model.optimizer(configuration)
    learningRate = configuration.learningRate
  }

  /// The scores of a batch; the next step moves the weights by their gradient.
  ///
  /// - Parameter batch: rows of `bags`. The wide model sees every feature; dropout would hurt
  ///   memorisation.
  func scores(of batch: CSRMatrix) -> SparseLinearScores {
    let scores = model(batch)
    self.scores = scores
    return scores
  }

  func step(_ step: ScheduledStep) {
    guard let scores else { return }
    optimizer.learningRate = learningRate * step.factor
    optimizer.step(scores)
    self.scores = nil
  }

  var state: [String: Tensor] { optimizer.state }

  func restore(_ state: [String: Tensor]) throws { try optimizer.restore(state) }
}

extension ThresholdMemory: TaskPart {
  var prefix: String { "thresholds" }

  /// One tensor, named by the prefix alone.
  var state: [String: Tensor] { ["": values] }

  func restore(_ state: [String: Tensor]) throws {
    if let kept = state[""] { try restore(kept) }
  }
}

extension NegativeSampler: TaskPart {
  var prefix: String { "negatives." }
}

/// The other model of co-teaching, which moves by itself, in the step of the first model.
final class PeerPart: TaskPart {
  /// Whether a task is made as the other one, which has no other one itself.
  @TaskLocal static var isMaking = false

  let prefix = "peer."
  let task: DualEncoderTask

  init(_ task: DualEncoderTask) { self.task = task }

  var state: [String: Tensor] {
    var all: [String: Tensor] = [:]
    all.add(task.model, under: "model.")
    all.add(task.optimizerState, under: "optimizer.")
    return all
  }

  func restore(_ state: [String: Tensor]) throws {
    try task.restore(model: state.part("model."), optimizerState: state.part("optimizer."))
  }
}

extension [String: Tensor] {
  /// Adds the tensors of a part under its prefix.
  mutating func add(_ part: [String: Tensor], under prefix: String) {
    for (name, tensor) in part { self[prefix + name] = tensor }
  }
}
