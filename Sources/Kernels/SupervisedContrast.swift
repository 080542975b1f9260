package import Torch

/// The mean over anchors of the log-sum-exp over all other rows, minus the mean score of the other
/// rows of the anchor's group.
///
/// - Parameters:
///   - rows: `[N, D]`, not normalised here.
///   - groups: the group of each row. A row alone in its group is left out of the mean.
package func supervisedContrast(of rows: Tensor, groups: ClassGroups, temperature: Double) throws
  -> Tensor
{
  let companions = groups.companions
  let anchors = Double(companions.count { $0 > 0 })
  guard anchors > 0 else { return try checked { rows.nothingToCompare } }
  let all = try RowLogSumExp(temperature: temperature)(
    queries: rows, keys: rows,
    hiding: .ownExample(
      rows: companions.count, columns: companions.count, examples: companions.count))
  return try checked {
    func weights(_ weight: (Int) -> Double) -> Tensor {
      Tensor(companions.map { $0 > 0 ? weight($0) / anchors : 0 })
        .converted(to: rows.dtype).moved(to: rows.device)
    }
    let own = groups.companionScores(of: rows) * weights { 1 / (Double($0) * temperature) }
    return (all * weights { _ in 1 } - own).sum()
  }
}
