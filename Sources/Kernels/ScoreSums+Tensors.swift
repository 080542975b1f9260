package import Torch

// Sums and gradients of scores by tensor operators, on blocks of scores `[B, width]`.

extension ScoreSums {
  /// The sums over blocks of scores, `[K, B]`.
  ///
  /// - Parameter model: a tensor of the scores' dtype and device.
  func added(over blocks: some Sequence<Tensor>, rowCount: Int, like model: Tensor) -> Tensor {
    let device = model.device
    func row(_ value: Double) -> Tensor {
      .full([rowCount], value, dtype: .float64, device: device)
    }
    func logSumExp(dtype: DType = .float64) -> RunningLogSumExp {
      RunningLogSumExp(count: rowCount, dtype: dtype, device: device)
    }
    func forEachPiece(_ body: (Tensor) -> Void) {
      for block in blocks {
        for range in Self.pieces(of: block) {
          body(block.slice(range, along: 1).converted(to: .float64))
        }
      }
    }
    switch self {
    case .exponentials, .exponentialsAndOne:
      let sum = logSumExp(dtype: model.dtype)
      if case .exponentialsAndOne = self {
        sum.add(.zeros([rowCount, 1], dtype: model.dtype, device: device))
      }
      for block in blocks { sum.add(block) }
      return .stacked([sum.maximum.converted(to: .float64), sum.sum], along: 0)
    case .softplus:
      let total = row(0)
      for block in blocks { block.addSoftplusRowSums(to: total) }
      return total.expandingDimension(at: 0)
    case .squaredHinges:
      let total = row(0)
      for block in blocks {
        total.addInPlace((block + 1).relu().squared().sum(along: 1).converted(to: .float64))
      }
      return total.expandingDimension(at: 0)
    case .moments:
      // Merged block by block (Chan, Golub, LeVeque).
      var (count, mean, squares) = (0.0, row(0), row(0))
      for block in blocks {
        let scores = block.converted(to: .float64)
        let added = Double(scores.size(along: 1))
        let blockMean = scores.mean(along: 1)
        let spread = (scores - blockMean.expandingDimension(at: 1)).squared().sum(along: 1)
        let step = blockMean - mean
        let total = count + added
        squares = squares + spread + step.squared() * (count * added / total)
        mean = mean + step * (added / total)
        count = total
      }
      return .stacked([mean, squares], along: 0)
    case .bounds(let sharpness):
      let counts = row(0)
      var (smallest, largest) = (row(.infinity), row(-.infinity))
      let mass = logSumExp()
      forEachPiece { scores in
        let hidden = scores.isEqual(to: -.infinity)
        counts.addInPlace(hidden.logicalNot().converted(to: .float64).sum(along: 1))
        smallest = smallest.minimum(
          scores.replacing(where: hidden, with: .infinity).minimum(along: 1))
        largest = largest.maximum(scores.maximum(along: 1))
        mass.add(scores * sharpness)
      }
      return .stacked([counts, smallest, largest, mass.maximum, mass.sum], along: 0)
    case .logSigmoids(let thresholds, let sharpness):
      let above = row(0)
      let (lowSum, highSum, derivativeSum) = (logSumExp(), logSumExp(), logSumExp())
      forEachPiece { scores in
        let z = (scores + thresholds.expandingDimension(at: 1)) * sharpness
        let isAbove = z.isGreater(than: 0)
        let distance = z.magnitude()
        let rest = (-distance).exp().logOnePlus()
        // log σ(−|z|)
        let logs = -(distance + rest)
        above.addInPlace(isAbove.converted(to: .float64).sum(along: 1))
        lowSum.add(logs.replacing(where: isAbove, with: -.infinity))
        highSum.add(logs.replacing(where: isAbove.logicalNot(), with: -.infinity))
        derivativeSum.add(logs - rest)
      }
      return .stacked([above, lowSum.value, highSum.value, derivativeSum.value], along: 0)
    case .sigmoids: preconditionFailure("kernels alone have \(self)")
    }
  }

  /// Columns of a block that are taken at a time, so that float64 intermediates are small compared
  /// with the block and stay in the cache.
  fileprivate static func pieces(of block: Tensor) -> [Range<Int>] {
    let width = block.size(along: 1)
    let step = max(32, (1 << 15) / max(1, block.size(along: 0)))
    return stride(from: 0, to: width, by: step).map { $0..<min($0 + step, width) }
  }
}

extension ScoreGradient {
  /// Writes the gradient at a block of scores into `result`, which may be that block itself.
  func write(_ scores: Tensor, to result: Tensor) {
    switch self {
    case .exponentials(let shift, let scale):
      scores.writeExponentials(
        shift: shift.converted(to: scores.dtype.accumulator),
        scale: scale.converted(to: scores.dtype.accumulator), to: result)
    case .sigmoids(let scale): scores.writeSigmoids(scale: scale, to: result)
    case .hinges(let scale): result.copyInPlace(from: (scores + 1).relu() * scale)
    case .sigmoidDerivatives(let thresholds, let sharpness, let logSum, let scale):
      for range in ScoreSums.pieces(of: scores) {
        let piece = scores.slice(range, along: 1).converted(to: .float64)
        let z = (piece + thresholds.expandingDimension(at: 1)) * sharpness
        let shares = (z.logSigmoidDerivative() - logSum.expandingDimension(at: 1)).exp()
        result.slice(range, along: 1).copyInPlace(from: shares * scale.expandingDimension(at: 1))
      }
    case .lines(let center, let scale, let offset):
      let centered = scores.converted(to: .float64) - center.expandingDimension(at: 1)
      result.copyInPlace(
        from: centered * scale.expandingDimension(at: 1) + offset.expandingDimension(at: 1))
    }
  }
}

extension Tensor {
  /// log σ(z) (1 − σ(z)), the logarithm of the sigmoid's derivative at each element z.
  package func logSigmoidDerivative() -> Tensor { logSigmoid() + (-self).logSigmoid() }
}
