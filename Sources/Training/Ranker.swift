public import Evaluation
public import Torch

/// Ranks labels by the mean of several models' scores, less a multiple of how common a label is.
///
///     s(i, l) = (1 / M) Σₘ sₘ(i, l) − τ log πₗ
///
/// Models that were trained from other seeds, with other losses or on other features err in other
/// places, so that their mean errs less. Taking off the label's log prior π trades the first ranks
/// of common labels for rare ones, which is what propensity-scored metrics count.
///
/// - Paper: Menon et al. Long-tail Learning via Logit Adjustment. ICLR 2021, section 4.1 (the
///   adjustment after training). <https://arxiv.org/abs/2007.07314>
/// - Departures: the paper has one right label of each example and τ = 1; here a label's prior is
///   the share of training documents that have it, with half a document added, and τ is chosen on
///   held-out documents, about 0.1. The caller hands in the adjustment −τ log π.
public struct Ranker {
  private let members: [Scorer]
  private let adjustment: Tensor?
  /// Documents scored together; keeps a block of scores at about 64 MB.
  let blockSize: Int

  /// Ranks by the mean of the members.
  ///
  /// - Parameter adjustment: `[L]`, added to the mean.
  /// - Precondition: there is a member, and all have the same labels.
  public init(_ members: [Scorer], adjustment: Tensor? = nil) {
    precondition(!members.isEmpty, "a mean of no models")
    precondition(
      members.allSatisfy { $0.labelCount == members[0].labelCount },
      "models of \(members.map(\.labelCount)) labels")
    self.members = members
    self.adjustment = adjustment
    blockSize = max(1, min(1024, (1 << 24) / max(1, members[0].labelCount)))
  }

  /// The number of labels.
  public var labelCount: Int { members[0].labelCount }

  /// The best labels of each document, best first; equal scores by rising label.
  ///
  /// - Parameters:
  ///   - k: how many labels a document gets, at most.
  ///   - inputs: for each member what it sees of the documents.
  ///   - excluded: `[N, L or more]`; labels that each document may not get. Nil excludes none.
  /// - Throws: `InputError` when a score is not a number.
  /// - Precondition: `excluded` has a row a document; the members' documents are as many.
  public func topK(_ k: Int, of inputs: [ScorerInput], excluding excluded: CSRMatrix? = nil) throws
    -> TopK
  {
    let count = inputs.first?.bags.rowCount ?? 0
    precondition(
      inputs.count == members.count && inputs.allSatisfy { $0.bags.rowCount == count },
      "features for \(inputs.map(\.bags.rowCount)) documents and \(members.count) models")
    precondition(
      excluded.map { $0.rowCount == count } ?? true,
      "exclusions of \(excluded?.rowCount ?? 0) rows for \(count) documents")
    var result = TopK(k: k)
    for start in stride(from: 0, to: count, by: blockSize) {
      let rows = start..<min(start + blockSize, count)
      let scores = try scores(of: inputs, rows: rows)
      try throwRefusal()
      try scores.withUnsafeBytes { bytes in
        let all = bytes.bindMemory(to: Float.self)
        for row in 0..<rows.count {
          try result.append(
            selectingFrom: UnsafeBufferPointer(
              rebasing: all[(row * labelCount)..<((row + 1) * labelCount)]),
            excluding: Set(excluded?.columns(ofRow: rows.lowerBound + row) ?? MappedArray([])))
        }
      }
    }
    return result
  }

  /// The scores of all labels for some of the documents, `[rows, L]`.
  func scores(of inputs: [ScorerInput], rows: Range<Int>) throws -> Tensor {
    var sum: Tensor?
    for (member, input) in zip(members, inputs) {
      let scores = try member.scores(
        of: input.bags.selecting(rows: rows), vectors: input.vectors?.gathered(rows))
      if let sum { sum.addInPlace(scores) } else { sum = scores }
    }
    guard let sum else { preconditionFailure("a mean of no models") }
    let mean = members.count == 1 ? sum : sum * (1 / Double(members.count))
    return adjustment.map { mean + $0 } ?? mean
  }
}
