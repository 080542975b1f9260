import Torch

/// Finds the minimum of a smooth convex function of many numbers, from its gradients.
///
/// The two-loop recursion of Nocedal and Wright, Numerical Optimization, algorithm 7.4, with steps
/// that are halved until the function has fallen enough.
struct LimitedMemoryBFGS {
  /// How many earlier steps are remembered.
  var memory = 10
  /// The most steps.
  var iterations = 1000
  /// Where no element of the gradient is larger, the search ends.
  var tolerance = 1e-6

  /// A step and by how much it changed the gradient.
  private struct Pair {
    var step: Tensor
    var change: Tensor
    var product: Double
  }

  /// The place of the minimum, searched from `start`, `[P]`.
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
      // Without memory the gradient's length says nothing about that of the step.
      var length = pairs.isEmpty ? min(1, 1 / gradient.norm().scalar) : 1
      var found: (point: Tensor, value: Double, gradient: Tensor)?
      // 60 halvings take a step below the rounding of any number it is added to.
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
      // A flat step has no curvature to remember.
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
  /// The inner product with another list of numbers.
  fileprivate func product(_ other: Tensor) -> Double { (self * other).sum().scalar }
}
