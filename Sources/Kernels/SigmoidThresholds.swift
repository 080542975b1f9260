package import Torch

/// The threshold of each row at which the sigmoids of all scores add up to a given number.
///
///     tᵢ  such that  Σⱼ σ(α (sᵢⱼ + tᵢ)) = K
package struct SigmoidThresholds: Sendable {
  /// K > 0 of a row, unless its positives count.
  package var places: Int
  /// Whether K is the number of a row's positives, where that is larger than `places`.
  package var countsPositives: Bool
  /// α > 0.
  package var sharpness: Double
  /// `[B]`: a first guess of each threshold; nil, or a guess that is not a number, starts at the
  /// lowest possible value.
  package var start: Tensor?

  package init(places: Int, countsPositives: Bool, sharpness: Double, start: Tensor?) {
    self.places = places
    self.countsPositives = countsPositives
    self.sharpness = sharpness
    self.start = start
  }

  /// The thresholds of a score matrix, `[B, L]`.
  ///
  /// - Parameter positiveCounts: `[B]`: the number of each row's positives.
  package func rowSums(ofScores scores: Tensor, positiveCounts: Tensor) -> RowSums {
    let sums = rowSums(
      of: ScoreMatrix(scores: scores), positiveCounts: positiveCounts,
      labelCount: scores.size(along: 1), dtype: scores.dtype)
    guard let sums else { preconditionFailure("tensor operators are never too coarse") }
    return sums
  }

  /// The thresholds; nil where the engine is too coarse for these scores.
  func rowSums(
    of engine: some ScoreSummation, positiveCounts: Tensor, labelCount: Int, dtype: DType
  ) -> RowSums? {
    ThresholdSearch(self, engine, positiveCounts: positiveCounts, dtype: dtype).run().map {
      RowSums(values: $0, labelCount: labelCount)
    }
  }
}

extension RowSums {
  /// `[B]`: the thresholds tᵢ, 0 in rows that have none.
  package var thresholds: Tensor { values[0] }
  /// `[B]`: log Σ v at the thresholds, with v = σ(z) (1 − σ(z)); 0 where it is −∞.
  package var logDerivativeSum: Tensor { values[1] }
  /// `[B]`: rows without a threshold, which let all labels through, or none.
  package var isOpen: Tensor { values[2].isGreater(than: 0) }
}

/// The search for the thresholds, one sweep over the labels per step.
///
/// The first sweep finds the interval of each threshold, every further one evaluates the sum at one
/// point of that interval. Newton's steps that leave the interval are replaced by its middle. All
/// is float64: a threshold is the difference of numbers that may be large. Since σ(z) < e^z, the
/// threshold that makes Σ e^z = K is too low, often by little: the search begins there.
///
/// Kernels try `OneSweepSearch` first, and search further only for the rows that it leaves. They
/// evaluate the sums in float32, and their second derivative too: the steps are Halley's, which triple
/// the right digits, and the last one is taken without another look. They sum only rows that have not
/// converged, and the first sweep is left out where all rows have a first guess, until a step turns out
/// too long.
///
/// With z = α (s + t) and m the number of z > 0, Σ σ(z) − K = (m − K) + A − D, where A is the sum of
/// σ(z) below the threshold and D that of σ(−z) above it. Where m = K only A = D is left, which the
/// logarithms of A and D decide long after Σ σ(z) has rounded to K.
private final class ThresholdSearch<Engine: ScoreSummation> {
  private let engine: Engine
  private let sharpness: Double
  private let places: Tensor  // [B]: K
  private let tolerance: Double
  private var start: Tensor?
  private let rowCount: Int

  /// `[B]`, float64: tᵢ so far.
  private var thresholds: Tensor
  /// `[B]`: log Σ v at the thresholds, 0 where it is −∞.
  private var logSlope: Tensor
  private var sweepCount = 0
  /// Whether the next sweep is to bound the thresholds, and whether one has.
  private var needsBounds = true
  private var isBounded = false
  private var lower: Tensor
  private var upper: Tensor
  private var isOpen: Tensor
  private var isDone: Tensor
  /// The kernels' sums at the thresholds, `[5, B]`.
  private var kernelSums: Tensor?

  /// Bisection alone narrows any interval of float64 numbers to its rounding in less.
  private let maximalSweepCount = 120
  /// A step of z after which Halley's is wrong by less than float32 is, and Σ v by 10⁻⁶ of itself.
  private let lastStep = 1e-3
  /// A step of z that is not trusted without bounds, and the number of sweeps tried without them.
  private let longestStep = 20.0
  private let unboundedSweepCount = 6
  /// Far above where float32 ends, so that every part of a sum below it counts.
  private let leastRest = 1e-25

  init(
    _ options: SigmoidThresholds, _ engine: Engine, positiveCounts: Tensor, dtype: DType
  ) {
    self.engine = engine
    let counts = positiveCounts.converted(to: .float64)
    let count = counts.elementCount
    func full(_ value: Double) -> Tensor {
      .full([count], value, dtype: .float64, device: counts.device)
    }
    rowCount = count
    sharpness = options.sharpness
    let given = full(Double(options.places))
    places = options.countsPositives ? counts.maximum(given) : given
    // Scores of float32 do not determine their thresholds any better than this.
    tolerance = dtype == .float64 ? 1e-14 : 1e-9
    start = options.start?.converted(to: .float64)
    thresholds = full(0)
    logSlope = full(0)
    lower = full(-.infinity)
    upper = full(.infinity)
    isOpen = places.isEqual(to: 0)
    isDone = isOpen
  }

  /// The thresholds, log Σ v and 1 in rows without a threshold, `[3, B]`; nil where the sigmoids are
  /// too saturated for the kernels.
  func run() -> Tensor? {
    searchInOneSweep()
    if engine.usesKernels, let start, rowCount > 0, start.isFinite().allTrue() {
      needsBounds = false
      thresholds = start.replacing(where: isOpen, with: 0)
    }
    while !isDone.logicalOr(isOpen).allTrue() {
      sweepCount += 1
      if needsBounds {
        bound()
        continue
      }
      guard let sums = sums() else { return nil }
      step(sums)
    }
    return .stacked([thresholds, logSlope, isOpen.converted(to: .float64)], along: 0)
  }

  /// Finds most thresholds; the guesses of the others become their start.
  private func searchInOneSweep() {
    guard engine.usesKernels, rowCount > 0,
      let found = engine.thresholds(
        OneSweepSearch(places: places, sharpness: sharpness, start: start))
    else { return }
    let isFound = found[2].isGreater(than: 0)
    isDone = isDone.logicalOr(isFound)
    start = found[0].replacing(where: isOpen, with: 0)
    thresholds = found[0].replacing(where: isFound.logicalNot(), with: 0)
    logSlope = found[1]
    // No row is read before it has been summed.
    kernelSums = .ones([5, rowCount], dtype: .float64)
  }

  /// The sums at the thresholds.
  private struct Sums {
    /// m, the number of z > 0.
    let above: Tensor
    /// log A and log D.
    let logBelow: Tensor
    let logAbove: Tensor
    /// log Σ v.
    let logSlope: Tensor
    /// Σ v and Σ v (1 − 2 σ(z)), its derivative, where kernels have evaluated them.
    let derivatives: (slope: Tensor, bend: Tensor)?
  }

  /// Nil where only logarithms would tell A from D.
  private func sums() -> Sums? {
    guard engine.usesKernels else {
      let sums = engine.sums(.logSigmoids(thresholds: thresholds, sharpness: sharpness))
      return Sums(
        above: sums[0], logBelow: sums[1], logAbove: sums[2], logSlope: sums[3],
        derivatives: nil)
    }
    let sums = sumsByKernels()
    kernelSums = sums
    let isLost = sums[0].isEqual(to: places)
      .logicalAnd((sums[1] + sums[2]).isLess(than: leastRest))
      .logicalAnd(isOpen.logicalNot())
    if isLost.anyTrue() { return nil }
    return Sums(
      above: sums[0], logBelow: sums[1].log(), logAbove: sums[2].log(), logSlope: sums[3].log(),
      derivatives: (sums[3], sums[4]))
  }

  /// The sums at the thresholds; those of rows that have converged may be of an earlier sweep.
  private func sumsByKernels() -> Tensor {
    let rows = isDone.logicalOr(isOpen).logicalNot().nonzero().reshaped([-1])
    guard let kernelSums, rows.elementCount * 4 <= rowCount * 3,
      let some = engine.sums(
        .sigmoids(thresholds: thresholds.gathered(rows: rows), sharpness: sharpness),
        ofRows: rows)
    else {
      return engine.sums(.sigmoids(thresholds: thresholds, sharpness: sharpness))
    }
    let all = kernelSums.copied()
    for k in 0..<5 { all[k].setElementsInPlace(at: rows, to: some[k]) }
    return all
  }

  /// Bounds the thresholds: if all scores were the largest, the threshold would be the lowest
  /// possible one.
  private func bound() {
    let sums = engine.sums(.bounds(sharpness: sharpness))
    let (counts, smallest, largest) = (sums[0], sums[1], sums[2])
    let logMass = sums[3] + sums[4].log()
    isOpen = counts.isGreater(than: places).logicalNot().logicalOr(places.isEqual(to: 0))
    let odds = (places / (counts - places)).log() / sharpness
    lower = lower.maximum(odds - largest).replacing(where: isOpen, with: 0)
    upper = upper.minimum(odds - smallest).replacing(where: isOpen, with: 0)
    // Minus the rounding error of the logarithm.
    let guess = (places.log() - logMass - tolerance * 1000) * (1 / sharpness)
    lower = lower.maximum(guess.minimum(upper).replacing(where: isOpen, with: 0))
    if let begun = sweepCount > 1 ? thresholds : start {
      let known = begun.replacing(where: begun.isFinite().logicalNot(), with: lower)
      thresholds = known.maximum(lower).minimum(upper).replacing(where: isDone, with: thresholds)
    } else {
      thresholds = lower
    }
    needsBounds = false
    isBounded = true
  }

  private func step(_ sums: Sums) {
    let (above, logBelow, logAbove) = (sums.above, sums.logBelow, sums.logAbove)
    let slopeBefore = logSlope
    logSlope = sums.logSlope.replacing(where: sums.logSlope.isEqual(to: -.infinity), with: 0)

    // Everywhere: Newton's step for log Σ σ, which is nearly linear far below the threshold.
    let surplus = above - places
    let sum = above + logBelow.exp() - logAbove.exp()
    var byLogarithm = -(sum / places).log() * sum / (logSlope.exp() * sharpness)
    // Where as many labels as wanted are above: A = D. Far from it log A − log D has a slope near
    // 2α, never more; close to it Newton's step for A − D, in units of Σ v.
    let distance = logBelow - logAbove
    let far = distance * (-0.5 / sharpness)
    var near = ((logAbove - logSlope).exp() - (logBelow - logSlope).exp()) * (1 / sharpness)
    if let (slope, derivative) = sums.derivatives {
      // Halley's correction: Newton's step over 1 − f f″ / (2 f′²).
      let bend = derivative / slope
      let ofLogarithm = 1 - (sum / places).log() * (bend * sum / slope - 1) * 0.5
      byLogarithm = byLogarithm / Self.bounded(ofLogarithm)
      near = near / Self.bounded(1 + near * bend * (0.5 * sharpness))
    }
    let isBalanced = surplus.isEqual(to: 0)
    let balanced = near.replacing(where: distance.magnitude().isGreater(than: 1), with: far)
    var move = byLogarithm.replacing(where: isBalanced, with: balanced)

    let excess = (surplus + logBelow.exp() - logAbove.exp())
      .replacing(where: isBalanced, with: distance)
    upper = upper.replacing(where: excess.isGreater(than: 0), with: thresholds)
    lower = lower.replacing(where: excess.isLess(than: 0), with: thresholds)
    move = move.replacing(where: excess.isEqual(to: 0), with: 0)

    let reached = thresholds + move
    let isInside = reached.isGreater(than: upper).logicalOr(reached.isLess(than: lower))
      .logicalOr(reached.isFinite().logicalNot()).logicalNot()
    let middle = lower + (upper - lower) * 0.5
    let next = reached.replacing(where: isInside.logicalNot(), with: middle)
    let scale = thresholds.magnitude() + 1 / sharpness
    if let (slope, derivative) = sums.derivatives {
      let rest = next - thresholds
      let isClose = rest.magnitude().isLess(than: lastStep / sharpness).logicalAnd(isInside)
        .logicalOr(rest.magnitude().isLess(than: scale * 1e-8))
      logSlope =
        (logSlope
        + (rest * sharpness * derivative / slope).logOnePlus()
        .replacing(where: isClose.logicalNot(), with: 0))
        .replacing(where: isDone, with: slopeBefore).replacing(where: isOpen, with: 0)
      finishKernelStep(to: next, isClose: isClose)
    } else {
      let isClose = (next - thresholds).magnitude().isGreater(than: scale * tolerance).logicalNot()
      isDone = isDone.logicalOr(isClose).logicalOr(isOpen)
      if sweepCount == maximalSweepCount { isDone = isOpen.logicalOr(isOpen.logicalNot()) }
      thresholds = next.replacing(where: isDone, with: thresholds)
    }
  }

  /// Moves the thresholds of the rows that had not converged.
  private func finishKernelStep(to next: Tensor, isClose: Tensor) {
    let length = (next - thresholds).magnitude()
    let isKept = isDone.logicalOr(isOpen)
    isDone = isDone.logicalOr(isClose).logicalOr(isOpen)
    if !isBounded {
      needsBounds =
        length.isLess(than: longestStep / sharpness).logicalOr(isKept).logicalNot().anyTrue()
        || sweepCount == unboundedSweepCount && !isDone.allTrue()
    }
    thresholds = next.replacing(
      where: isKept.logicalOr(next.isFinite().logicalNot()), with: thresholds)
    if sweepCount == maximalSweepCount { isDone = isOpen.logicalOr(isOpen.logicalNot()) }
  }

  private static func bounded(_ divisor: Tensor) -> Tensor {
    divisor.maximum(.full(divisor.shape, 0.5, dtype: .float64, device: divisor.device))
      .minimum(.full(divisor.shape, 2, dtype: .float64, device: divisor.device))
  }
}
