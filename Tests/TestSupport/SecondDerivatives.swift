public import Testing
public import Torch

/// Expects the gradient of `loss` to be refused a second differentiation, or to be right in it.
///
/// Along a direction w, ∂(w · ∂L/∂x)/∂x is the central difference of the gradient. A gradient that
/// comes back without a graph would count as a constant, and so is not an answer.
public func expectSecondDerivatives(
  at inputs: [[[Double]]], tolerance: Double = 1e-5, _ loss: ([Tensor]) throws -> Tensor,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let leaves = inputs.map { Tensor(rows: $0).requiringGradient() }
  let directions = inputs.map { matrix in
    Tensor(rows: matrix.indices.map { row in matrix[row].indices.map { weight(row, $0) } })
  }
  let second: [Tensor?]
  do {
    let value = try loss(leaves)
    guard value.requiresGradient else { return }
    let first = try gradients(of: value, withRespectTo: leaves, creatingGraph: true)
    let along = zip(first, directions).reduce(Tensor(0)) { sum, pair in
      pair.0.map { sum + ($0 * pair.1).sum() } ?? sum
    }
    second =
      along.requiresGradient
      ? try gradients(of: along, withRespectTo: leaves) : leaves.map { _ in nil }
  } catch let error as TorchError where error.kind == .notImplemented {
    return
  }
  let step = 1e-5
  func slopes(_ factor: Double) throws -> [Tensor] {
    let moved = zip(inputs, directions).map {
      (Tensor(rows: $0) + $1 * (factor * step)).requiringGradient()
    }
    let found = try gradients(of: loss(moved), withRespectTo: moved)
    return zip(found, moved).map { $0 ?? .zeros(like: $1) }
  }
  for (index, (high, low)) in zip(try slopes(1), try slopes(-1)).enumerated() {
    let numeric = (high - low) * (1 / (2 * step))
    let scale = max(1, numeric.magnitude().maximum().scalar)
    expectClose(
      (second[index] ?? .zeros(like: leaves[index])) * (1 / scale), numeric * (1 / scale),
      tolerance: tolerance, "second derivative by input \(index)", sourceLocation: sourceLocation)
  }
}

/// A number for each place, without a pattern that a loss could be blind to.
private func weight(_ row: Int, _ column: Int) -> Double {
  Double((row * 7 + column * 3) % 5) - 1.7
}
