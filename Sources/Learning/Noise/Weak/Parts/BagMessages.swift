import Foundation

/// The sum-product messages of a factor exp(−λ (Σ y − n)²) over the binary labels of a bag.
struct BagMessages {
  /// λ ≥ 0.
  let weight: Double
  /// n.
  let count: Double

  /// The log-odds of y = 1 that the factor sends to each label, from those that labels send.
  ///
  /// - Complexity: O(K²) time and memory for K labels.
  func callAsFunction(_ odds: [Double]) -> [Double] {
    let size = odds.count
    // log P(y = 1) and log P(y = 0) of incoming messages.
    let has = odds.map { -softplus(-$0) }
    let lacks = odds.map { -softplus($0) }
    // after[i][c]: the log-sum over labels i... of everything, with c positives before i.
    var after = [[Double]](repeating: [], count: size + 1)
    after[size] = (0...size).map { -weight * (Double($0) - count) * (Double($0) - count) }
    for i in (0..<size).reversed() {
      let next = after[i + 1]
      after[i] = (0...i).map { logSumExp(has[i] + next[$0 + 1], lacks[i] + next[$0]) }
    }
    // before[c]: the log-probability of c positives before i.
    var before = [0.0]
    var messages: [Double] = []
    messages.reserveCapacity(size)
    for i in 0..<size {
      let next = after[i + 1]
      messages.append(
        logSum((0...i).map { before[$0] + next[$0 + 1] })
          - logSum((0...i).map { before[$0] + next[$0] }))
      before = (0...i + 1).map { c in
        logSumExp(
          c > 0 ? before[c - 1] + has[i] : -.infinity, c <= i ? before[c] + lacks[i] : -.infinity)
      }
    }
    return messages
  }

  private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  private func logSum(_ numbers: [Double]) -> Double {
    let peak = numbers.max() ?? -.infinity
    guard peak > -.infinity else { return peak }
    return peak + log(numbers.reduce(0) { $0 + exp($1 - peak) })
  }
}

/// log(e^x + e^y); −∞ if both are.
func logSumExp(_ x: Double, _ y: Double) -> Double {
  let peak = max(x, y)
  return peak == -.infinity ? peak : peak + log1p(exp(min(x, y) - peak))
}
