/// Scales the gradients of `parameters` together so that their joint Euclidean norm is at most
/// `limit`.
///
/// The factor is limit / (norm + 1e-6) if that is below 1, as in PyTorch's `clip_grad_norm_`.
/// Sparse gradients count with their distinct rows. Waits for the device.
///
/// - Returns: the norm before clipping.
@discardableResult
public func clipGradients(of parameters: [Tensor], toNorm limit: Double) -> Double {
  withoutGradients {
    let values = parameters.compactMap(clippableGradient)
    guard !values.isEmpty else { return 0 }
    let length = Tensor.stacked(values.map { $0.norm().converted(to: .float64) }).norm().scalar
    let factor = limit / (length + 1e-6)
    // Written so that a norm of NaN reaches the gradients and is noticed.
    if !(factor >= 1) { for value in values { value.multiplyInPlace(by: factor) } }
    return length
  }
}

/// The same for the parameters of several processes.
///
/// - Parameters:
///   - whole: parameters that every process has, with the same gradients.
///   - divided: parameters of which this process has a part.
///   - group: the processes.
/// - Returns: the norm of all gradients before clipping.
@discardableResult
package func clipGradients(
  of whole: [Tensor], and divided: [Tensor], of group: ProcessGroup, toNorm limit: Double
) -> Double {
  withoutGradients {
    func square(_ values: [Tensor]) -> Tensor {
      values.reduce(Tensor([0.0])) { $0 + $1.norm().converted(to: .float64).squared() }
    }
    let (common, own) = (whole.compactMap(clippableGradient), divided.compactMap(clippableGradient))
    let sum = square(own).contiguous()
    group.sum(sum)
    let length = (sum + square(common)).squareRoot().scalar
    let factor = limit / (length + 1e-6)
    if !(factor >= 1) { for value in common + own { value.multiplyInPlace(by: factor) } }
    return length
  }
}

/// Clips each element of the gradients of `parameters` to −limit … limit.
public func clipGradients(of parameters: [Tensor], toValue limit: Double) {
  withoutGradients {
    for value in parameters.compactMap(clippableGradient) {
      value.copyInPlace(from: value.clamped(from: -limit, to: limit))
    }
  }
}

/// The gradient's elements, to be modified in place; for a sparse one, those of its distinct rows.
private func clippableGradient(of parameter: Tensor) -> Tensor? {
  guard let gradient = parameter.gradient, gradient.isSparse else { return parameter.gradient }
  let (rows, values) = gradient.storedRows()
  // Summing repeated rows made a new tensor, which becomes the gradient.
  parameter.gradient = .sparse(
    rows: rows, values: values, rowCount: parameter.size(along: 0))
  return values
}
