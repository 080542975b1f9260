import Torch

/// Minimises a smooth convex function of many variables, using its gradients.
///
/// The two-loop recursion of Nocedal and Wright, Numerical Optimization, algorithm 7.4; step
/// lengths are halved until the function has decreased enough.
struct LimitedMemoryBFGS {
  /// The number of earlier steps to remember.
  var memory = 10
  /// The most steps.
  var iterations = 1000
  /// The search ends when no element of the gradient is larger.
  var tolerance = 1e-6

  /// A step and the change of the gradient that it caused.
  private struct Pair {
    var step: Tensor
    var change: Tensor
    var product: Double
  }

  /// The minimum, searched from `start`, `[P]`.
  func minimum(
    from start: Tensor, _ objective: (Tensor) throws -> (value: Double, gradient: Tensor)
  ) throws -> Tensor {
    var point = start
    var (value, gradient) = try objective(point)
    var pairs: [Pair] = []
    for _ in 0..<iterations {
      if gradient.magnitude().maximum().scalar <= tolerance { break }
      let direction = direction(against: gradient, pairs)
      let slope = direction.product(gradient)
      // Without earlier steps, the gradient's length says nothing about the step's.
      var length = pairs.isEmpty ? min(1, 1 / gradient.norm().scalar) : 1
      var found: (point: Tensor, value: Double, gradient: Tensor)?
      // After 60 halvings a step is below the rounding error of any number it is added to.
      for _ in 0..<60 {
        let next = point + length * direction
        let (nextValue, nextGradient) = try objective(next)
        if nextValue <= value + 1e-4 * length * slope {
          found = (next, nextValue, nextGradient)
          break
        }
        length /= 2
      }
      guard let found else { break }
      let pair = Pair(
        step: found.point - point, change: found.gradient - gradient,
        product: (found.point - point).product(found.gradient - gradient))
      // A step without curvature is not worth remembering.
      if pair.product > 0 { pairs.append(pair) }
      if pairs.count > memory { pairs.removeFirst() }
      (point, value, gradient) = found
    }
    return point
  }

  private func direction(against gradient: Tensor, _ pairs: [Pair]) -> Tensor {
    var result = gradient
    var factors: [Double] = []
    for pair in pairs.reversed() {
      let factor = pair.step.product(result) / pair.product
      factors.append(factor)
      result = result - factor * pair.change
    }
    if let last = pairs.last {
      result = result * (last.product / last.change.product(last.change))
    }
    for (pair, factor) in zip(pairs, factors.reversed()) {
      result = result + (factor - pair.change.product(result) / pair.product) * pair.step
    }
    return -result
  }
}

extension Tensor {
  /// The inner product of two vectors.
  fileprivate func product(_ other: Tensor) -> Double { (self * other).sum().scalar }
}
