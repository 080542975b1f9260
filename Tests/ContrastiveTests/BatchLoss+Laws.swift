import Foundation
import TestSupport
import Testing
import Torch

extension BatchLoss {
  /// A law of all losses over the rows of a batch.
  enum Law: String, CaseIterable, Sendable {
    /// Gradients match finite differences, and constants get no gradient.
    case differences
    /// A second derivative matches finite differences or throws.
    case secondDerivatives
    /// The order of the examples does not matter.
    case order
    /// The length of rows does not matter.
    case length
    /// The swaps and variations of the row do not change the value.
    case sameness
    /// Value and gradients are finite for extreme inputs and hyperparameters.
    case finite
    /// float32 differs from float64 by rounding.
    case float32
    /// A batch of one example has loss 0 and gradient 0.
    case single
    /// A batch without examples has loss 0 and gradient 0.
    case empty
    /// So has every other batch without anything to compare.
    case nothing
    /// The loss round-trips through Codable.
    case record
  }

  /// Whether the row has inputs for a law.
  func has(inputsFor law: Law) -> Bool {
    switch law {
    case .sameness: !swaps.isEmpty || !variations.isEmpty
    case .nothing: !nothing.isEmpty
    default: true
    }
  }

  /// Expects the loss to keep a law.
  func keeps(_ law: Law) throws {
    switch law {
    case .differences: for call in settings { try gradientsMatchDifferences(call) }
    case .secondDerivatives: for call in settings { try secondDerivativesAreRight(call) }
    case .order: try isTheSame("examples reversed") { reversed($0) }
    case .length:
      for index in lengths {
        try isTheSame("matrix \(index) scaled") { batch in
          var scaled = batch
          scaled.matrices[index] = batch.matrices[index].enumerated().map { row, numbers in
            numbers.map { $0 * Double(row + 2) }
          }
          return scaled
        }
      }
    case .sameness:
      for order in swaps {
        try isTheSame("matrices \(order)") { batch in
          Batch(order.map { batch.matrices[$0] }, batch.lists)
        }
      }
      for variation in variations { try isTheSame(variation.label, variation.change) }
    case .finite: try staysFinite()
    case .float32: try agreesInFloat32()
    case .single:
      try isNothing(
        Nothing("one example", prefix(1).matrices, prefix(1).lists, tolerance: singleTolerance))
    case .empty: try isNothing(Nothing("no examples", prefix(0).matrices, prefix(0).lists))
    case .nothing: for one in nothing { try isNothing(one) }
    case .record: for record in records { try record.roundTrips() }
    }
  }

  private func gradientsMatchDifferences(_ call: Call) throws {
    let analytic = try result(of: call, at: batch)
    let step = 1e-5
    for (index, matrix) in batch.matrices.enumerated() {
      guard !constants.contains(index) else {
        #expect(analytic.gradients[index].allSatisfy { $0 == 0 }, "\(name): constant \(index)")
        continue
      }
      var numeric: [Double] = []
      for (row, numbers) in matrix.enumerated() {
        for column in numbers.indices {
          func value(_ move: Double) throws -> Double {
            var moved = batch
            moved.matrices[index][row][column] += move
            return try withoutGradients {
              try call(moved.matrices.map { Tensor(rows: $0) }, moved.lists).scalar
            }
          }
          numeric.append((try value(step) - value(-step)) / (2 * step))
        }
      }
      expectClose(
        analytic.gradients[index], numeric, tolerance: tolerance,
        "\(name): gradient of matrix \(index)")
    }
  }

  private func secondDerivativesAreRight(_ call: @escaping Call) throws {
    let fixed = batch.matrices.map { Tensor(rows: $0) }
    let moving = batch.matrices.indices.filter { !constants.contains($0) }
    try expectSecondDerivatives(at: moving.map { batch.matrices[$0] }) { leaves in
      var matrices = fixed
      for (index, leaf) in zip(moving, leaves) { matrices[index] = leaf }
      return try call(matrices, batch.lists)
    }
  }

  private func reversed(_ batch: Batch) -> Batch {
    var other = batch
    for index in 0..<aligned { other.matrices[index].reverse() }
    other.lists = batch.lists.map { $0.reversed() }
    return other
  }

  private func isTheSame(_ label: String, _ change: (Batch) -> Batch) throws {
    for call in settings {
      expectClose(
        try result(of: call, at: change(batch)).value, try result(of: call, at: batch).value,
        tolerance: 1e-11, "\(name): \(label)")
    }
  }

  /// At the batch, equal rows, rows of zeros, one example and the row's hard batches, in three
  /// sizes and two precisions.
  private func staysFinite() throws {
    func filled(_ value: Double) -> Batch {
      var filled = batch
      for index in batch.matrices.indices where !constants.contains(index) {
        filled.matrices[index] = batch.matrices[index].map { $0.map { _ in value } }
      }
      return filled
    }
    let single = exceptions[.single] == nil ? [prefix(1)] : []
    let batches = [batch, filled(1), filled(0)] + single + hardBatches
    for (number, some) in batches.enumerated() {
      for scale in [1e-4, 1, 1e4] {
        var scaled = some
        for index in some.matrices.indices
        where !constants.contains(index) || lengths.contains(index) {
          scaled.matrices[index] = some.matrices[index].map { $0.map { $0 * scale } }
        }
        for dtype in [DType.float64, .float32] {
          for (which, call) in (settings + extremes).enumerated() {
            let found = try result(of: call, at: scaled, dtype: dtype)
            let label = "\(name), setting \(which): batch \(number) × \(scale) in \(dtype)"
            #expect(found.value.isFinite, "value of \(label)")
            #expect(found.gradients.joined().allSatisfy { $0.isFinite }, "gradient of \(label)")
          }
        }
      }
    }
  }

  private func agreesInFloat32() throws {
    for call in settings {
      let exact = try result(of: call, at: batch)
      let rounded = try result(of: call, at: batch, dtype: .float32)
      expectClose(rounded.value, exact.value, tolerance: float32Tolerance, "\(name): float32")
      for (slope, expected) in zip(rounded.gradients, exact.gradients) {
        expectClose(
          slope, expected, tolerance: float32Tolerance, "\(name): gradient in float32")
      }
    }
  }

  private func isNothing(_ nothing: Nothing) throws {
    for call in settings {
      let found = try result(of: call, at: nothing.batch)
      let label: Comment = "\(name): \(nothing.label): \(found)"
      #expect(abs(found.value) <= nothing.tolerance, label)
      #expect(found.gradients.joined().allSatisfy { abs($0) <= nothing.tolerance }, label)
    }
  }
}
