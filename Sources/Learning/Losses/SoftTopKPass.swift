internal import Torch

/// The search for the thresholds tᵢ with Σⱼ σ(α (sᵢⱼ + tᵢ)) = K, a sweep over the labels a step.
///
/// The first sweep finds where each threshold can lie, every further one evaluates the sum at one
/// point of that interval. Newton's steps that leave the interval are replaced by its middle. All
/// is float64: a threshold is the difference of numbers that may be large. Since σ(z) < e^z, the
/// threshold that makes Σ e^z = K is too low, often by little: the search begins there.
///
/// Where the interface library has the scores, it evaluates the sums in float32, and their second
/// derivative too: the steps are Halley's, which triple the right digits, and the last one is taken
/// without another look. There only rows that have not arrived are looked at again, and the first
/// sweep is left out where all rows have a place to start from, until a step turns out too long.
///
/// With z = α (s + t) and m the number of z > 0, Σ σ(z) − K = (m − K) + A − D, where A is the sum of
/// σ(z) below the threshold and D that of σ(−z) above it. Where m = K only A = D is left, which the
/// logarithms of A and D decide long after Σ σ(z) has rounded to K.
final class SoftTopKPass {
  private let sharpness: Double
  private let places: Tensor  // [B]: K
  private let tolerance: Double
  private let start: Tensor?
  private let rowCount: Int
  private let device: Device

  /// `[B]`, float64: tᵢ so far.
  private(set) var thresholds: Tensor
  /// `[B]`: log Σ v at the thresholds, 0 where it is −∞.
  private(set) var logSlope: Tensor

  private var sweepCount = 0
  /// Whether the next sweep is to bound the thresholds, and whether one has.
  private var needsBounds = true
  private var isBounded = false
  private var lower: Tensor
  private var upper: Tensor
  /// `[B]`: the least and the largest score above −∞.
  private var smallest: Tensor
  private var largest: Tensor
  private var labelCounts: Tensor
  /// `[B]`: rows without a threshold, which let all labels through, or none.
  private var isOpen: Tensor
  private var isDone: Tensor
  /// Log Σ exp of the scores times α, by blocks and by the interface library.
  private var logMassSum: RunningLogSumExp
  private var logMass: Tensor?
  /// What the interface library found at the thresholds, `[5, B]`.
  private var tiled: Tensor?
  private var above: Tensor
  private var logBelowSum: RunningLogSumExp
  private var logAboveSum: RunningLogSumExp
  private var logSlopeSum: RunningLogSumExp

  /// Halving alone gets any interval of float64 numbers down to its rounding in less.
  private static let maximalSweepCount = 120
  /// A step of z after which Halley's is wrong by less than float32 is, and Σ v by 10⁻⁶ of itself.
  private static let lastStep = 1e-3
  /// A step of z that is not trusted without bounds, and the sweeps that are tried without them.
  private static let longestStep = 20.0
  private static let unboundedSweepCount = 6
  /// Far above where float32 ends, so that every part of a sum below it counts.
  private static let leastRest = 1e-25

  init(_ options: SoftTopKLoss, _ positives: PositiveCells, start: Tensor?, like model: Tensor) {
    let counts = positives.counts.converted(to: .float64)
    rowCount = counts.elementCount
    device = model.device
    sharpness = options.sharpness
    switch options.places {
    case .fixed(let count):
      places = .full([rowCount], Double(count), dtype: .float64, device: device)
    case .positives: places = counts
    case .atLeast(let count):
      places = counts.maximum(
        .full([rowCount], Double(count), dtype: .float64, device: device))
    }
    // Scores of float32 do not know their thresholds any better than this.
    tolerance = model.dtype == .float64 ? 1e-14 : 1e-9
    self.start = start?.converted(to: .float64)
    func full(_ value: Double) -> Tensor {
      .full([counts.elementCount], value, dtype: .float64, device: model.device)
    }
    thresholds = full(0)
    logSlope = full(0)
    lower = full(-.infinity)
    upper = full(.infinity)
    smallest = upper
    largest = lower
    labelCounts = full(0)
    above = full(0)
    isOpen = places.isEqual(to: 0)
    isDone = isOpen
    logMassSum = Self.noSum(rowCount, device)
    logBelowSum = Self.noSum(rowCount, device)
    logAboveSum = Self.noSum(rowCount, device)
    logSlopeSum = Self.noSum(rowCount, device)
  }

  /// Takes in a block of scores `[B, width]`.
  func addBlock(_ block: Tensor) {
    for range in pieces(block) {
      let scores = block.slice(range, along: 1).converted(to: .float64)
      if needsBounds { addToBounds(scores) } else { addToSums(scores) }
    }
  }

  private func addToBounds(_ scores: Tensor) {
    let hidden = scores.isEqual(to: -.infinity)
    labelCounts.addInPlace(hidden.logicalNot().converted(to: .float64).sum(along: 1))
    smallest = smallest.minimum(
      scores.replacing(where: hidden, with: .infinity).minimum(along: 1))
    largest = largest.maximum(scores.maximum(along: 1))
    logMassSum.add(scores * sharpness)
  }

  private func addToSums(_ scores: Tensor) {
    let z = (scores + thresholds.expandingDimension(at: 1)) * sharpness
    let isAbove = z.isGreater(than: 0)
    let distance = z.magnitude()
    let rest = (-distance).exp().logOnePlus()
    // log σ(−|z|)
    let logs = -(distance + rest)
    above.addInPlace(isAbove.converted(to: .float64).sum(along: 1))
    logBelowSum.add(logs.replacing(where: isAbove, with: -.infinity))
    logAboveSum.add(logs.replacing(where: isAbove.logicalNot(), with: -.infinity))
    logSlopeSum.add(logs - rest)
  }

  /// Takes in all blocks at once; false where the sigmoids are too saturated for float32.
  func add(_ sweep: TileSweep) -> Bool {
    if sweepCount == 0, let start, rowCount > 0, start.isFinite().allTrue() {
      needsBounds = false
      thresholds = start.replacing(where: isOpen, with: 0)
    }
    if needsBounds {
      let starts = [0, Double.infinity, -Double.infinity, -Double.infinity, 0]
      let found = Tensor(rows: starts.map { [Double](repeating: $0, count: rowCount) })
      guard sweep.add(.bounds(sharpness: sharpness), to: found) else { return false }
      (labelCounts, smallest, largest) = (found[0].copied(), found[1].copied(), found[2].copied())
      logMass = found[3] + found[4].log()
      return true
    }
    let found = sums(sweep)
    above = found[0]
    tiled = found
    // Only logarithms tell what is left above from what is left below.
    let isLost = above.isEqual(to: places)
      .logicalAnd((found[1] + found[2]).isLess(than: Self.leastRest))
      .logicalAnd(isOpen.logicalNot())
    return !isLost.anyTrue()
  }

  /// The sums at the thresholds; those of rows that have arrived may be of another sweep.
  private func sums(_ sweep: TileSweep) -> Tensor {
    func all(_ thresholds: Tensor) -> ScoreTiles.Sums {
      .sigmoids(thresholds: thresholds, sharpness: sharpness)
    }
    let rows = isDone.logicalOr(isOpen).logicalNot().nonzero().reshaped([-1])
    guard let tiled, rows.elementCount * 4 <= rowCount * 3 else {
      let found = Tensor.zeros([5, rowCount], dtype: .float64)
      _ = sweep.add(all(thresholds), to: found)
      return found
    }
    let some = Tensor.zeros([5, rows.elementCount], dtype: .float64)
    sweep.add(all(thresholds.gathered(rows: rows)), ofRows: rows, to: some)
    let found = tiled.copied()
    for k in 0..<5 { found[k].setElementsInPlace(at: rows, to: some[k]) }
    return found
  }

  /// ∂L/∂s for the interface library: the shares times `factors` (`[B]`).
  func slopes(times factors: Tensor) -> ScoreTiles.Gradient {
    .slopes(
      thresholds: thresholds, sharpness: sharpness,
      scale: (factors * (-logSlope).exp()).converted(to: .float32))
  }

  /// Writes vⱼ / Σ vₗ, times a number a row, for a block of scores.
  func writeShares(_ scores: Tensor, times factors: Tensor, to result: Tensor) {
    for range in pieces(scores) {
      let piece = shares(scores.slice(range, along: 1).converted(to: .float64))
      result.slice(range, along: 1)
        .copyInPlace(from: piece * factors.expandingDimension(at: 1))
    }
  }

  /// Columns of a block that are taken at a time, so that what is made of them in float64 is small
  /// beside the block and stays in the cache.
  private func pieces(_ block: Tensor) -> [Range<Int>] {
    let width = block.size(along: 1)
    let step = max(32, (1 << 15) / max(1, rowCount))
    return stride(from: 0, to: width, by: step).map { $0..<min($0 + step, width) }
  }

  /// α (s + t) at the positive cells, given their scores.
  func margins(_ positives: PositiveCells, _ scores: Tensor) -> Tensor {
    (scores + thresholds.gathered(rows: positives.rows)) * sharpness
  }

  /// What the positive cells count, nothing in rows without a threshold.
  func weights(_ positives: PositiveCells) -> Tensor {
    positives.weights.replacing(where: isOpen.gathered(rows: positives.rows), with: 0)
  }

  /// vⱼ / Σ vₗ of a block of scores `[B, width]`, the sum being
  /// over all labels.
  func shares(_ scores: Tensor) -> Tensor {
    let z = (scores + thresholds.expandingDimension(at: 1)) * sharpness
    return (Self.logSlopes(z) - logSlope.expandingDimension(at: 1)).exp()
  }

  /// log σ(z) (1 − σ(z)).
  static func logSlopes(_ z: Tensor) -> Tensor { z.logSigmoid() + (-z).logSigmoid() }

  private static func bounded(_ divisor: Tensor) -> Tensor {
    divisor.maximum(.full(divisor.shape, 0.5, dtype: .float64, device: divisor.device))
      .minimum(.full(divisor.shape, 2, dtype: .float64, device: divisor.device))
  }

  private static func noSum(_ count: Int, _ device: Device) -> RunningLogSumExp {
    RunningLogSumExp(count: count, dtype: .float64, device: device)
  }

  /// Ends a sweep with the step that it allows; false once every row has arrived.
  func finishSweep() -> Bool {
    sweepCount += 1
    if needsBounds {
      bound()
      return true
    }
    step()
    if isDone.logicalOr(isOpen).allTrue() { return false }
    above = .zeros([rowCount], dtype: .float64, device: device)
    logBelowSum = Self.noSum(rowCount, device)
    logAboveSum = Self.noSum(rowCount, device)
    logSlopeSum = Self.noSum(rowCount, device)
    return true
  }

  /// Were all scores the largest, the threshold would be the lowest possible one.
  private func bound() {
    isOpen = labelCounts.isGreater(than: places).logicalNot()
      .logicalOr(places.isEqual(to: 0))
    let odds = (places / (labelCounts - places)).log() / sharpness
    lower = lower.maximum(odds - largest).replacing(where: isOpen, with: 0)
    upper = upper.minimum(odds - smallest).replacing(where: isOpen, with: 0)
    // Less what the logarithm may be wrong by.
    let guess = (places.log() - (logMass ?? logMassSum.value) - tolerance * 1000) * (1 / sharpness)
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

  private func step() {
    let tiled = tiled.map { TiledSums(all: $0) }
    let logBelow = tiled?.below.log() ?? logBelowSum.value
    let logAbove = tiled?.above.log() ?? logAboveSum.value
    let slope = tiled?.slope.log() ?? logSlopeSum.value
    let slopeBefore = logSlope
    logSlope = slope.replacing(where: slope.isEqual(to: -.infinity), with: 0)

    // Everywhere: Newton's step for log Σ σ, which is nearly linear far below the threshold.
    let surplus = above - places
    let sum = above + logBelow.exp() - logAbove.exp()
    var byLogarithm =
      -(sum / places).log() * sum / (logSlope.exp() * sharpness)
    // Where as many labels as wanted are above: A = D. Far from it log A − log D has a slope near
    // 2α, never more; close to it Newton's step for A − D, in units of Σ v.
    let distance = logBelow - logAbove
    let far = distance * (-0.5 / sharpness)
    var near =
      ((logAbove - logSlope).exp() - (logBelow - logSlope).exp()) * (1 / sharpness)
    if let tiled {
      // Halley's correction: Newton's step over 1 − f f″ / (2 f′²).
      let bend = tiled.bend / tiled.slope
      let ofLogarithm = 1 - (sum / places).log() * (bend * sum / tiled.slope - 1) * 0.5
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
    let wasDone = isDone
    if let tiled {
      let rest = next - thresholds
      let length = rest.magnitude()
      let isClose = length.isLess(than: Self.lastStep / sharpness).logicalAnd(isInside)
        .logicalOr(length.isLess(than: scale * 1e-8))
      logSlope =
        (logSlope
        + (rest * sharpness * tiled.bend / tiled.slope).logOnePlus()
        .replacing(where: isClose.logicalNot(), with: 0))
        .replacing(where: wasDone, with: slopeBefore).replacing(where: isOpen, with: 0)
      let isKept = wasDone.logicalOr(isOpen)
      isDone = isDone.logicalOr(isClose).logicalOr(isOpen)
      if !isBounded {
        needsBounds =
          length.isLess(than: Self.longestStep / sharpness).logicalOr(isKept).logicalNot().anyTrue()
          || sweepCount == Self.unboundedSweepCount && !isDone.allTrue()
      }
      thresholds = next.replacing(
        where: isKept.logicalOr(next.isFinite().logicalNot()), with: thresholds)
      if sweepCount == Self.maximalSweepCount { isDone = isOpen.logicalOr(isOpen.logicalNot()) }
      return
    }
    let isClose = (next - thresholds).magnitude().isGreater(than: scale * tolerance).logicalNot()
    isDone = isDone.logicalOr(isClose).logicalOr(isOpen)
    if sweepCount == Self.maximalSweepCount { isDone = isOpen.logicalOr(isOpen.logicalNot()) }
    thresholds = next.replacing(where: isDone, with: thresholds)
  }
}

/// What the interface library finds in one sweep, `[B]` each, float64.
private struct TiledSums {
  let all: Tensor

  /// Σ σ(z) over z ≤ 0, Σ σ(−z) over z > 0, Σ v, and Σ v (1 − 2 σ(z)), the derivative of Σ v.
  var below: Tensor { all[1] }
  var above: Tensor { all[2] }
  var slope: Tensor { all[3] }
  var bend: Tensor { all[4] }
}
