public import Evaluation
public import Storage
public import Torch

/// Ranks labels by the mean score of several models, minus a multiple of each label's log prior.
///
///     s(i, l) = (1 / M) Σₘ sₘ(i, l) − τ log πₗ
///
/// Models with different seeds, losses or features make different errors, so their mean makes
/// fewer. Subtracting the label's log prior π trades top ranks of common labels for rare ones,
/// which propensity-scored metrics reward.
///
/// - Paper: Menon et al. Long-tail Learning via Logit Adjustment. ICLR 2021, section 4.1 (the
///   adjustment after training). <https://arxiv.org/abs/2007.07314>
/// - Departures: the paper has a single correct label per example and τ = 1; here a label's prior
///   is the share of training documents with it, smoothed by half a document, and τ is chosen on
///   held-out documents, about 0.1. The caller passes the adjustment −τ log π.
public struct Ranker: Sendable {
  private let members: [Scorer]
  private let adjustment: Tensor?
  /// `[L]`; whether each label is ranked, nil for all labels.
  let candidates: [Bool]?
  /// The labels that this process scores, and the processes that score the others; nil for all labels.
  let ranks: Ranks?
  /// The number of documents scored together; keeps a block of scores at about 64 MB.
  let blockSize: Int

  /// The processes that rank together, each by its own labels.
  struct Ranks: Sendable {
    let group: ProcessGroup
    /// This process's labels.
    let labels: Range<Int>
    /// The number of labels of all processes.
    let labelCount: Int
  }

  /// Creates a ranker by the mean of the members.
  ///
  /// - Parameters:
  ///   - adjustment: `[L]`, added to the mean.
  ///   - candidates: `[L]`; whether each label is ranked, nil for all labels.
  /// - Precondition: there is at least one member, and all have the same labels.
  public init(_ members: [Scorer], adjustment: Tensor? = nil, candidates: [Bool]? = nil) {
    self.init(members, adjustment: adjustment, candidates: candidates, ranks: nil)
  }

  /// Creates a ranker of some labels, which ranks together with those of other processes.
  ///
  /// The members, adjustment and candidates are of this process's labels alone.
  init(_ members: [Scorer], adjustment: Tensor?, candidates: [Bool]?, ranks: Ranks?) {
    precondition(!members.isEmpty, "there are no models to average")
    precondition(
      members.allSatisfy { $0.labelCount == members[0].labelCount },
      "the models have \(members.map(\.labelCount)) labels")
    self.members = members
    self.adjustment = adjustment
    self.candidates = candidates
    self.ranks = ranks
    // The same on all ranks, and as in one process, so that the products are the same.
    blockSize = max(1, min(1024, (1 << 24) / max(1, ranks?.labelCount ?? members[0].labelCount)))
  }

  /// The number of labels.
  public var labelCount: Int { members[0].labelCount }

  /// The top labels of each document, best first; ties by ascending label.
  ///
  /// - Parameters:
  ///   - k: the maximum number of labels per document.
  ///   - inputs: each member's input for the documents.
  ///   - excluded: `[N, L or more]`; labels to exclude for each document, nil for none.
  ///   - threads: the number of threads to compute with; nil means as many as the caller's thread
  ///     uses.
  /// - Throws: `InputError` if a score is NaN.
  /// - Precondition: `excluded` has one row per document; all inputs have the same number of
  ///   documents.
  public func topK(
    _ k: Int, of inputs: [ScorerInput], excluding excluded: CSRMatrix? = nil, threads: Int? = nil
  ) throws -> TopK {
    let count = inputs.first?.bags.rowCount ?? 0
    precondition(
      inputs.count == members.count && inputs.allSatisfy { $0.bags.rowCount == count },
      "inputs of \(inputs.map(\.bags.rowCount)) documents for \(members.count) models")
    precondition(
      excluded.map { $0.rowCount == count } ?? true,
      "exclusions of \(excluded?.rowCount ?? 0) rows for \(count) documents")
    let excluded = ranks.map { ranks in excluded?.selecting(labels: ranks.labels) } ?? excluded
    var result = TopK(k: k)
    for start in stride(from: 0, to: count, by: blockSize) {
      let rows = start..<min(start + blockSize, count)
      let scores = try Runtime.withThreads(threads) { try self.scores(of: inputs, rows: rows) }
      try throwRefusal()
      func select(into ranking: inout TopK) throws {
        try scores.withUnsafeBytes { bytes in
          let all = bytes.bindMemory(to: Float.self)
          for row in 0..<rows.count {
            try ranking.append(
              selectingFrom: UnsafeBufferPointer(
                rebasing: all[(row * labelCount)..<((row + 1) * labelCount)]),
              excluding: Set(excluded?.columns(ofRow: rows.lowerBound + row) ?? MappedArray([])),
              among: candidates)
          }
        }
      }
      guard let ranks else {
        try select(into: &result)
        continue
      }
      var block = TopK(k: k)
      try select(into: &block)
      try result.append(joining: block, first: ranks.labels.lowerBound, of: ranks.group)
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
    guard let sum else { preconditionFailure("there are no models to average") }
    let mean = members.count == 1 ? sum : sum * (1 / Double(members.count))
    return adjustment.map { mean + $0 } ?? mean
  }
}
