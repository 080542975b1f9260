public import Torch

/// A task for `TrainingLoop`: data, model and optimisers.
///
/// A step must depend only on the task's state and its arguments, so that a resumed run repeats
/// exactly the steps of an undisturbed one.
public protocol TrainingTask: AnyObject {
  /// The number of examples per epoch.
  var exampleCount: Int { get }
  /// The number of steps per epoch.
  var stepsPerEpoch: Int { get }

  /// Performs one step.
  ///
  /// - Parameters:
  ///   - position: the epoch and the step.
  ///   - totalSteps: the number of steps in the whole run, for schedules.
  /// - Returns: the loss, averaged over the step's examples, and their number.
  func step(at position: TrainingPosition, totalSteps: Int) throws -> (loss: Double, examples: Int)

  /// Evaluates the model on held-out examples; nil if there are none.
  ///
  /// - Returns: metrics by name, and the one for comparing models (larger is better).
  func validate() throws -> (metrics: [String: Double], criterion: Double)?

  /// The tensors needed for prediction.
  var model: [String: Tensor] { get }
  /// The optimiser state that a checkpoint needs in addition.
  var optimizerState: [String: Tensor] { get }
  /// Restores both.
  ///
  /// - Throws: if names or shapes do not match.
  func restore(model: [String: Tensor], optimizerState: [String: Tensor]) throws
}

/// A step of a training run.
public struct TrainingPosition: Codable, Hashable, Comparable, Sendable {
  /// The epoch, from 0.
  public var epoch: Int
  /// The step within the epoch, from 0.
  public var step: Int

  /// Creates a position.
  public init(epoch: Int, step: Int) {
    self.epoch = epoch
    self.step = step
  }

  /// Whether a step comes before another.
  public static func < (first: TrainingPosition, second: TrainingPosition) -> Bool {
    (first.epoch, first.step) < (second.epoch, second.step)
  }
}
