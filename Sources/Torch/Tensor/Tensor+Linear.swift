internal import CTorch

extension Tensor {
  /// `self · weightᵀ + bias` for vectors along the last axis.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`.
  ///   - bias: `[outputs]`, or nil.
  /// - Returns: `[…, outputs]` from `[…, inputs]`.
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    if profitsFromLargeProducts(with: weight) {
      do {
        let rows = dimensionCount == 2 ? self : reshaped([-1, size(along: -1)])
        let result = try LargeLinear.function(rows, weight, bias)
        return dimensionCount == 2 ? result : result.reshaped(shape.dropLast() + [-1])
      } catch let error as TorchError {
        refuse(error)
        return .placeholder
      } catch {
        fatalError("a linear map threw \(error)")
      }
    }
    if let bias { return Ops.linear(self, weight, bias) }
    return Ops.linear(self, weight)
  }

  /// Whether the faster matrix product pays off: its overhead equals some million operations.
  private func profitsFromLargeProducts(with weight: Tensor) -> Bool {
    guard dtype == .float32, weight.dtype == .float32, device.kind == .cpu, dimensionCount >= 2,
      weight.dimensionCount == 2
    else { return false }
    return elementCount * weight.size(along: 0) >= 1 << 20
  }

  private enum Ops {
    static let linear = Op("aten::linear")
  }
}

/// A linear layer computed with libtorch's second matrix library; see `productWithTransposed`.
private enum LargeLinear {
  /// `x · weightᵀ + bias` with gradients for all three.
  static func function(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) throws -> Tensor {
    let function = CustomFunction<Void>("linear", isTwiceDifferentiable: true) { inputs in
      ([inputs[0].productWithTransposed(inputs[1], bias: inputs.count > 2 ? inputs[2] : nil)], ())
    } backward: { context, gradients in
      guard let gradient = gradients[0]?.contiguous() else {
        return context.inputs.map { _ in nil }
      }
      let (x, weight) = (context.inputs[0], context.inputs[1])
      let needs = context.needsGradient
      var results = [
        needs[0] ? product(gradient, weight.transposed()) : nil,
        needs[1] ? product(gradient.transposed(), x.transposed()) : nil,
      ]
      if needs.count > 2 { results.append(needs[2] ? gradient.sum(along: 0) : nil) }
      return results
    }
    return try bias.map { try function(x, weight, $0)[0] } ?? function(x, weight)[0]
  }

  /// `left · rightᵀ`, recorded if the gradient will itself be differentiated.
  private static func product(_ left: Tensor, _ right: Tensor) -> Tensor {
    gradientsAreEnabled ? left.matmul(right.transposed()) : left.productWithTransposed(right)
  }
}
