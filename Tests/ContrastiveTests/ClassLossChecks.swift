import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// A case of a golden file of a loss over named matrices and classes.
struct ClassLossCase: Decodable {
  /// The loss's hyperparameters.
  let options: [String: Double]
  /// Its variant, if any.
  let kind: String?
  /// The matrices it is called with.
  let inputs: [String: [[Double]]]
  /// The classes it is called with.
  let classes: [Int]?
  /// The loss.
  let value: Double
  /// Its gradients; an input without one gets none.
  let gradients: [String: [[Double]]]

  /// An option.
  subscript(_ name: String) -> Double { options[name] ?? .nan }
}

/// Expects the values and gradients of every case of a golden file, and the values in float32; and that
/// no second derivative is wrong.
///
/// - Parameter detaches: whether something that depends on the inputs is a constant, so that second
///   differences are not those of the gradient.
func expectGolden(
  _ name: String, count: Int, tolerance: Double = 1e-11, detaches: Bool = false,
  _ loss: (_ given: ClassLossCase, _ inputs: [String: Tensor]) throws -> Tensor,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let golden = try Golden<ClassLossCase>(name)
  #expect(golden.cases.count == count, sourceLocation: sourceLocation)
  for (place, given) in golden.cases.enumerated() {
    let inputs = given.inputs.mapValues { Tensor(rows: $0).requiringGradient() }
    let value = try loss(given, inputs)
    expectClose(
      value.scalar, given.value, tolerance: tolerance, "value of case \(place)",
      sourceLocation: sourceLocation)
    let names = inputs.keys.sorted()
    let slopes = try gradients(of: value, withRespectTo: names.compactMap { inputs[$0] })
    for (name, slope) in zip(names, slopes) {
      let expected = given.gradients[name].map { Tensor(rows: $0) }
      // What the loss does not depend on may have no gradient or one of zeros.
      let zeros = inputs[name].map { Tensor.zeros(like: $0) }
      expectClose(
        slope ?? zeros, expected ?? zeros, tolerance: tolerance, "\(name) of case \(place)",
        sourceLocation: sourceLocation)
    }
    if !detaches {
      try expectSecondDerivatives(at: names.compactMap { given.inputs[$0] }) { leaves in
        try loss(given, Dictionary(uniqueKeysWithValues: zip(names, leaves)))
      }
    }
    let single = try loss(given, inputs.mapValues { $0.converted(to: .float32) })
    // Sharpness and scales of up to 64 magnify the rounding of cosines.
    expectClose(
      single.scalar, given.value, tolerance: 2e-5, "float32 value of case \(place)",
      sourceLocation: sourceLocation)
  }
}

/// Expects the gradients of `loss` to be its central differences, element by element.
func expectDifferences(
  _ inputs: [[[Double]]], step: Double = 1e-5, tolerance: Double = 1e-6,
  _ loss: ([Tensor]) throws -> Tensor, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let leaves = inputs.map { Tensor(rows: $0).requiringGradient() }
  let slopes = try gradients(of: loss(leaves), withRespectTo: leaves)
  for (which, rows) in inputs.enumerated() {
    var differences: [Double] = []
    for row in rows.indices {
      for column in rows[row].indices {
        func value(_ offset: Double) throws -> Double {
          var moved = inputs
          moved[which][row][column] += offset
          return try loss(moved.map { Tensor(rows: $0) }).scalar
        }
        differences.append(try (value(step) - value(-step)) / (2 * step))
      }
    }
    expectClose(
      slopes[which]?.doubles() ?? [], differences, tolerance: tolerance, "input \(which)",
      sourceLocation: sourceLocation)
  }
}
