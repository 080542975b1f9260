import Storage
import TestSupport
import Testing
import Torch

/// A loss over labels with the tolerances of its laws: a row of the table.
struct LabelLossRow: Sendable {
  /// A law of all losses over labels.
  enum Law: String, CaseIterable, Sendable {
    /// Value and gradients match the golden file.
    case reference
    /// The streamed and the composite form match the equation as loops.
    case equation
    /// Gradients match finite differences.
    case differences
    /// The order of labels, queries and positives and repeated positives do not matter; the gradient
    /// scales with its start.
    case order
    /// A number added to all scores of a query does not matter.
    case offset
    /// Scores of ±10,000 match the equation.
    case finite
    /// NaN in an embedding gives NaN.
    case notANumber
    /// Neither block size nor thread count matters.
    case blocks
    /// The number of processes that share the labels does not matter.
    case ranks
    /// Only the requested gradients are computed; a second derivative is right or throws.
    case requested
    /// Loss and gradient of no queries are 0.
    case noQueries
    /// Loss and gradient of queries without positives are 0.
    case noPositives
    /// The loss round-trips through Codable.
    case record
  }

  /// One law of one row.
  struct Check: Sendable, CustomTestStringConvertible {
    let row: LabelLossRow
    let law: Law

    /// The names of the loss and the law.
    var testDescription: String { "\(row.type): \(law.rawValue)" }

    /// Expects the loss to keep the law.
    func callAsFunction() throws { try row.keeps(law, row.type) }
  }

  let type: any LabelLoss.Type
  let equation: Equation
  let exceptions: [Law: String]
  let tolerance: Double
  let float32Tolerance: Double
  let offsetTolerance: Double
  let memoryLabelCount: Int

  /// A row for a loss.
  ///
  /// - Parameters:
  ///   - type: the loss.
  ///   - equation: its equation as loops.
  ///   - tolerance: the tolerance at scores of ±10,000.
  ///   - float32Tolerance: the tolerance in float32 at such scores.
  ///   - offsetTolerance: the tolerance with a number added to all scores.
  ///   - memoryLabelCount: the number of labels of the memory check.
  ///   - exceptions: the laws that the loss does not keep, with the reason.
  init(
    _ type: any LabelLoss.Type, _ equation: @escaping Equation, tolerance: Double = 1e-12,
    float32Tolerance: Double = 1e-6, offsetTolerance: Double = 1e-10,
    memoryLabelCount: Int = 200_000, exceptions: [Law: String] = [:]
  ) {
    self.type = type
    self.equation = equation
    self.exceptions = exceptions
    self.tolerance = tolerance
    self.float32Tolerance = float32Tolerance
    self.offsetTolerance = offsetTolerance
    self.memoryLabelCount = memoryLabelCount
  }

  /// Every law without the exceptions.
  var checks: [Check] {
    Law.allCases.filter { exceptions[$0] == nil }.map { Check(row: self, law: $0) }
  }

  private func keeps<Loss: LabelLoss>(_ law: Law, _ type: Loss.Type) throws {
    switch law {
    case .reference: try LabelLossChecks.agreesWithTheGolden(type)
    case .equation:
      for temperature in [0.05, 0.5, 5] {
        try LabelLossChecks.agreesWithTheEquation(type, temperature: temperature, equation)
      }
    case .differences: try LabelLossChecks.gradientsMatchDifferences(type)
    case .order: try LabelLossChecks.keepsItsLaws(type)
    case .offset: try LabelLossChecks.ignoresAnOffset(type, tolerance: offsetTolerance)
    case .finite:
      try LabelLossChecks.staysFinite(
        type, equation, tolerance: tolerance, float32Tolerance: float32Tolerance)
    case .notANumber: try LabelLossChecks.passesNotANumberOn(type)
    case .blocks: try LabelLossChecks.dependsOnNeitherBlocksNorThreads(type)
    case .ranks: try ShardedLossChecks.ignoresTheNumberOfRanks(type)
    case .requested: try LabelLossChecks.differentiatesWhatIsAsked(type)
    case .noQueries: try LabelLossChecks.isZeroWithoutQueries(type)
    case .noPositives: try LabelLossChecks.isZeroWithoutPositives(type)
    case .record:
      for size in [77, nil] {
        try Record(Loss(temperature: 0.125, blockSize: size)).roundTrips()
      }
    }
  }
}
