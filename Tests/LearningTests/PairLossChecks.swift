import Foundation
import TestSupport
import Testing
import Torch

/// A loss as a function of matrices: views, embeddings, prototypes.
typealias PairLoss = ([Tensor]) throws -> Tensor

/// A case of a golden file that `pair_loss_cases.py` writes.
struct PairCase<Options: Decodable>: Decodable {
  let options: Options
  let inputs: [[[Double]]]
  let value: Double
  let gradients: [[[Double]]]
}

/// A loss and its gradient at each input, row after row.
struct PairResult {
  var value: Double
  var gradients: [[Double]]
}

/// What the tests of losses over the rows of a batch have in common.
enum PairLossChecks {
  /// Matrices of random numbers.
  static func matrices(_ shapes: [(rows: Int, width: Int)], seed: UInt64) -> [[[Double]]] {
    var random = SplitMix64(seed)
    return shapes.map { shape in (0..<shape.rows).map { _ in random.doubles(shape.width) } }
  }

  /// The loss and its gradients at matrices.
  static func result(
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
  static func agreesWithTheGolden<Options: Decodable>(
    _ name: String, _ type: Options.Type, cases: Int, tolerance: Double = 1e-11,
    detaches: Bool = false, _ loss: (Options) -> PairLoss
  ) throws {
    let golden = try Golden<PairCase<Options>>(name, testFile: learningTests)
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

  /// Every partial derivative is a central difference of `loss`, or of `holding`, which keeps what
  /// is detached as it was.
  static func gradientsMatchDifferences(
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

  /// Another order of rows, or other inputs that mean the same, leave the value alone.
  static func isTheSame(
    at inputs: [[[Double]]], and others: [[[Double]]], tolerance: Double = 1e-12,
    _ label: String, _ loss: PairLoss
  ) throws {
    expectClose(
      try result(of: loss, at: inputs).value, try result(of: loss, at: others).value,
      tolerance: tolerance, label)
  }

  /// Values and gradients are finite at inputs of any size, in both precisions.
  static func staysFinite(at inputs: [[[Double]]], _ loss: PairLoss) throws {
    for scale in [1e-4, 1, 1e4] {
      let scaled = inputs.map { $0.map { $0.map { $0 * scale } } }
      for dtype in [DType.float64, .float32] {
        let found = try result(of: loss, at: scaled, dtype: dtype)
        #expect(found.value.isFinite, "value at inputs × \(scale) in \(dtype)")
        #expect(
          found.gradients.joined().allSatisfy { $0.isFinite },
          "gradient at inputs × \(scale) in \(dtype)")
      }
    }
  }

  /// float32 differs from float64 by rounding.
  static func agreesInFloat32(
    at inputs: [[[Double]]], tolerance: Double = 1e-5, _ loss: PairLoss
  ) throws {
    let exact = try result(of: loss, at: inputs)
    let rounded = try result(of: loss, at: inputs, dtype: .float32)
    expectClose(rounded.value, exact.value, tolerance: tolerance, "float32")
    for (slope, expected) in zip(rounded.gradients, exact.gradients) {
      expectClose(slope, expected, tolerance: tolerance, "gradient in float32")
    }
  }

  /// A batch in which there is nothing to compare has loss 0 and gradient 0.
  static func isNothing(at inputs: [[[Double]]], _ loss: PairLoss) throws {
    let found = try result(of: loss, at: inputs)
    #expect(found.value == 0)
    #expect(found.gradients.joined().allSatisfy { $0 == 0 })
  }

  /// Encoded and decoded it is the same value.
  static func survivesARoundTrip<Loss: Codable & Equatable>(_ losses: Loss...) throws {
    for loss in losses {
      let record = try JSONEncoder().encode(loss)
      #expect(try JSONDecoder().decode(Loss.self, from: record) == loss)
    }
  }
}

/// Formulas of the equations that tests write down as loops.
enum Loops {
  static func dot(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  static func unit(_ rows: [[Double]]) -> [[Double]] {
    rows.map { row in row.map { $0 / dot(row, row).squareRoot() } }
  }

  static func cosine(_ x: [Double], _ y: [Double]) -> Double {
    dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
  }

  /// −∞ of no numbers.
  static func logSumExp(_ numbers: some Sequence<Double>) -> Double {
    let numbers = Array(numbers)
    guard let peak = numbers.max() else { return -.infinity }
    return peak + log(numbers.reduce(0) { $0 + exp($1 - peak) })
  }

  static func mean(_ numbers: some Collection<Double>) -> Double {
    numbers.reduce(0, +) / Double(numbers.count)
  }
}
