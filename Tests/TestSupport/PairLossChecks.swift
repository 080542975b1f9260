import Foundation
import Storage
import Testing
package import Torch

/// A loss as a function of matrices: views, embeddings, prototypes.
package typealias PairLoss = ([Tensor]) throws -> Tensor

/// A case of a golden file that `pair_loss_cases.py` writes.
package struct PairCase<Options: Decodable>: Decodable {
  package let options: Options
  package let inputs: [[[Double]]]
  package let value: Double
  package let gradients: [[[Double]]]
}

/// A loss and its gradient at each input, row after row.
package struct PairResult {
  package var value: Double
  package var gradients: [[Double]]
}

/// The checks that tests of losses over the rows of a batch share.
package enum PairLossChecks {
  /// Matrices of random numbers.
  package static func matrices(_ shapes: [(rows: Int, width: Int)], seed: UInt64) -> [[[Double]]] {
    var random = SplitMix64(seed)
    return shapes.map { shape in (0..<shape.rows).map { _ in random.doubles(shape.width) } }
  }

  /// The loss and its gradients at matrices.
  package static func result(
    of loss: PairLoss, at inputs: [[[Double]]], dtype: DType = .float64
  ) throws -> PairResult {
    let leaves = inputs.map { Tensor(rows: $0).converted(to: dtype).requiringGradient() }
    let value = try loss(leaves)
    #expect(value.shape == [] && value.dtype == dtype)
    let slopes = try gradients(of: value, withRespectTo: leaves)
    return PairResult(
      value: value.scalar,
      gradients: zip(slopes, inputs).map { slope, input in
        slope?.doubles() ?? [Double](repeating: 0, count: input.joined().count)
      })
  }

  /// Value and gradients are those of the golden file `name`, and no second derivative is wrong.
  ///
  /// - Parameter detaches: whether something that depends on the inputs is a constant, so that second
  ///   differences are not those of the gradient.
  package static func agreesWithTheGolden<Options: Decodable>(
    _ name: String, _ type: Options.Type, cases: Int, tolerance: Double = 1e-11,
    detaches: Bool = false, testFile: String = #filePath, _ loss: (Options) -> PairLoss
  ) throws {
    let golden = try Golden<PairCase<Options>>(name, testFile: testFile)
    #expect(golden.cases.count == cases)
    for (index, found) in golden.cases.enumerated() {
      let actual = try result(of: loss(found.options), at: found.inputs)
      let label = "\(name), case \(index)"
      expectClose(actual.value, found.value, tolerance: tolerance, label)
      for (slope, expected) in zip(actual.gradients, found.gradients) {
        expectClose(
          slope, Array(expected.joined()), tolerance: tolerance, label + ", gradient")
      }
      if !detaches { try expectSecondDerivatives(at: found.inputs, loss(found.options)) }
    }
  }

  /// Gradients match finite differences of `loss`, or of `holding`, which keeps detached values
  /// fixed.
  package static func gradientsMatchDifferences(
    at inputs: [[[Double]]], holding: PairLoss? = nil, tolerance: Double = 1e-7,
    _ loss: @escaping PairLoss
  ) throws {
    let analytic = try result(of: loss, at: inputs)
    let step = 1e-5
    for (index, matrix) in inputs.enumerated() {
      var numeric: [Double] = []
      for (row, numbers) in matrix.enumerated() {
        for column in numbers.indices {
          func value(_ move: Double) throws -> Double {
            var moved = inputs
            moved[index][row][column] += move
            return try withoutGradients {
              try (holding ?? loss)(moved.map { Tensor(rows: $0) }).scalar
            }
          }
          numeric.append((try value(step) - value(-step)) / (2 * step))
        }
      }
      expectClose(
        analytic.gradients[index], numeric, tolerance: tolerance, "gradient of input \(index)")
    }
  }
}

/// Formulas of the equations that tests write down as loops.
package enum Loops {
  package static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  package static func unit(_ rows: [[Double]]) -> [[Double]] {
    rows.map { row in row.map { $0 / dot(row, row).squareRoot() } }
  }

  package static func cosine(_ x: [Double], _ y: [Double]) -> Double {
    dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
  }

  package static func distance(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
  }

  /// −∞ of no numbers.
  package static func logSumExp(_ numbers: some Sequence<Double>) -> Double {
    let numbers = Array(numbers)
    guard let peak = numbers.max() else { return -.infinity }
    return peak + log(numbers.reduce(0) { $0 + exp($1 - peak) })
  }

  package static func mean(_ numbers: some Collection<Double>) -> Double {
    numbers.reduce(0, +) / Double(numbers.count)
  }
}
