import Dispatch
import Storage
import Synchronization

/// The sparse matrices of a step, which depend on its rows and random numbers alone.
struct StepInput: Sendable {
  /// `[B, features]`, after dropout.
  var bags: CSRMatrix
  /// `[B, L]`.
  var positives: CSRMatrix
  /// `[B, features]`, those that the wide model has weights of; nil without one.
  var wideBags: CSRMatrix?
}

/// Selects the rows of the next step on another thread, while a step computes.
///
/// The input of a step is the same whichever thread selects it.
final class StepInputs {
  /// The matrices to select from.
  struct Source: Sendable {
    var bags: CSRMatrix
    var labels: CSRMatrix
    var wideBags: CSRMatrix?
    /// The fraction of entries of the bags to leave out.
    var dropout: Double

    /// The input of a step over `rows`.
    func input(rows: [Int], random: SplitMix64) -> StepInput {
      var random = random
      return StepInput(
        bags: bags.selecting(rows: rows, droppingEntriesWith: dropout, using: &random),
        positives: labels.selecting(rows: rows), wideBags: wideBags?.selecting(rows: rows))
    }
  }

  /// A step: its rows and the random numbers of its dropout.
  struct Step {
    var position: TrainingPosition
    var rows: [Int]
    var random: SplitMix64
  }

  /// An input that another thread is selecting.
  private struct Pending {
    let position: TrainingPosition
    let group = DispatchGroup()
    let result = Result()

    final class Result: Sendable {
      let value = Mutex<StepInput?>(nil)
    }
  }

  private let source: Source
  private let worksAhead: Bool
  private let queue = DispatchQueue(label: "decant.step-inputs")
  private var pending: Pending?

  /// - Parameter worksAhead: whether there is a processor for another thread.
  init(_ source: Source, worksAhead: Bool) {
    (self.source, self.worksAhead) = (source, worksAhead)
  }

  /// The input of a step; begins to select that of the next one.
  ///
  /// - Parameter next: the step that follows; nil if its rows are not known yet.
  func input(of step: Step, before next: Step?) -> StepInput {
    var known: StepInput?
    if let pending, pending.position == step.position {
      pending.group.wait()
      known = pending.result.value.withLock { $0 }
    }
    pending = nil
    if worksAhead, let next { begin(next) }
    return known ?? source.input(rows: step.rows, random: step.random)
  }

  private func begin(_ step: Step) {
    let new = Pending(position: step.position)
    let (source, result) = (source, new.result)
    queue.async(group: new.group) {
      let input = source.input(rows: step.rows, random: step.random)
      result.value.withLock { $0 = input }
    }
    pending = new
  }
}
