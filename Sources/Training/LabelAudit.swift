import Foundation
public import Noise
public import Storage

/// Ranks the labels of a data set that are probably wrong, and those that are probably missing.
///
/// There are two sources of evidence: a model's out-of-sample probabilities p, and the k nearest
/// documents. A weighted sum of their log-odds is the suspicion of each pair.
///
///     z = (1 − m) log p/(1 − p) + m log q/(1 − q)      q = (k · share + a · p) / (k + a)
///
/// Thresholds, and the definite errors, follow from confident learning on p alone. These are listed
/// first.
public struct LabelAudit: Codable, Hashable, Sendable {
  /// Finds and ranks errors.
  public var confidentLearning: ConfidentLearning
  /// Lets the nearest documents vote.
  public var neighbours: NeighbourLabels
  /// m: the weight of the neighbours, from 0 to 1.
  public var neighbourWeight: Double
  /// Labels given to fewer documents are not judged: no model could have learnt them.
  public var minimumCount: Int

  /// a: how many neighbours the model's own probability counts as.
  private static let ownVotes = 2.0
  /// The minimum distance of probabilities from 0 and 1.
  private static let margin = 1e-12

  /// Creates an audit; the defaults were chosen on planted errors.
  public init(
    confidentLearning: ConfidentLearning = .init(), neighbours: NeighbourLabels = .init(),
    neighbourWeight: Double = 0.3, minimumCount: Int = 5
  ) {
    self.confidentLearning = confidentLearning
    self.neighbours = neighbours
    self.neighbourWeight = neighbourWeight
    self.minimumCount = minimumCount
  }

  /// The kind of error.
  public enum Fault: String, Codable, Hashable, Sendable, CaseIterable {
    /// Given, but probably wrong.
    case wrong
    /// Not given, but probably missing.
    case missing
  }

  /// A probable error: a (document, label) pair.
  public struct Finding: Hashable, Sendable {
    /// The kind of error.
    public var fault: Fault
    /// The training row.
    public var row: Int
    /// The label.
    public var label: Int
    /// The model's probability that the document has the label.
    public var probability: Double
    /// The mean probability over documents that are given the label.
    public var threshold: Double
    /// The suspicion, from 0 to 1.
    public var suspicion: Double
    /// Whether confident learning calls it an error, and not merely likely.
    public var isConfident: Bool
    /// The share of neighbours with the label; nil without neighbours.
    public var neighbourShare: Double?
    /// The nearest training rows with the label, at most three.
    public var neighboursWith: [Int] = []
    /// The nearest training rows without it, at most three.
    public var neighboursWithout: [Int] = []
  }

  /// The findings of an audit.
  public struct Report: Sendable {
    /// Given labels: errors by confident learning first, then others, by falling suspicion; ties by
    /// row and label.
    public var wrong: [Finding]
    /// Labels not given, in the same order.
    public var missing: [Finding]
    /// The number of given labels.
    public var givenCount: Int
    /// The number of given labels that confident learning calls errors.
    public var surelyWrong: Int
    /// The number of missing labels by the same rule.
    public var surelyMissing: Int
  }

  /// Judges all pairs that have a score.
  ///
  /// - Parameters:
  ///   - given: `[rows, labels]`, the labels of the training part.
  ///   - filter: `[rows, labels]`; pairs to skip, such as a document's own label.
  ///   - top: the maximum number of findings of each kind.
  /// - Throws: `InputError` if a score is not a probability.
  /// - Precondition: the scores match these rows and labels; `top` is non-negative.
  /// - Complexity: O(stored pairs) time and memory, independent of documents × labels.
  public func callAsFunction(
    _ scores: OutOfSampleScores, given: CSRMatrix, filter: CSRMatrix? = nil, top: Int
  ) throws -> Report {
    let pairs = scores.probabilities
    let joint = try confidentLearning.joint(probabilities: pairs, given: given)
    let near = neighbourWeight > 0 ? scores.neighbours : nil
    let shares = near.map { neighbours.shares(of: pairs, neighbours: $0, given: given) }
    var sure = [Fault.wrong: 0, .missing: 0]
    var lists = [Fault.wrong: BestFindings(top), .missing: BestFindings(top)]
    let hidden = PairSet(filter)
    joint.forEachJudged(pairs, given: given, minimumCount: minimumCount) { pair in
      guard !hidden.contains(pair.row, pair.label) else { return }
      let fault: Fault = pair.isGiven ? .wrong : .missing
      let isSure = joint.isError(pair.probability, label: pair.label, isGiven: pair.isGiven)
      if isSure { sure[fault, default: 0] += 1 }
      let mixture = shares.map { shares in
        let asked = min(near?.entries(ofRow: pair.row).count ?? 0, neighbours.count)
        return mixed(pair.probability, share: Double(shares[pair.entry]), of: asked)
      }
      let suspicion = confidentLearning.suspicion(
        of: mixture ?? pair.probability, label: pair.label, isGiven: pair.isGiven, in: joint)
      lists[fault]?.add(
        .init(
          isSure: isSure, suspicion: suspicion, entry: pair.entry, row: pair.row,
          label: pair.label))
    }
    func findings(_ fault: Fault) -> [Finding] {
      (lists[fault]?.sorted() ?? []).map { best in
        let probability = Double(pairs.values?[best.entry] ?? 0)
        var finding = Finding(
          fault: fault, row: best.row, label: best.label, probability: probability,
          threshold: joint.present[best.label], suspicion: best.suspicion,
          isConfident: best.isSure,
          neighbourShare: shares.map { Double($0[best.entry]) })
        finding.addNeighbours(near, given: given, asked: neighbours.count)
        return finding
      }
    }
    return Report(
      wrong: findings(.wrong), missing: findings(.missing), givenCount: given.entryCount,
      surelyWrong: sure[.wrong] ?? 0, surelyMissing: sure[.missing] ?? 0)
  }

  /// A probability combined with the neighbours' votes.
  private func mixed(_ probability: Double, share: Double, of count: Int) -> Double {
    func logOdds(_ probability: Double) -> Double {
      let held = min(max(probability, Self.margin), 1 - Self.margin)
      return log(held / (1 - held))
    }
    let votes = Double(count)
    let theirs = (votes * share + Self.ownVotes * probability) / (votes + Self.ownVotes)
    let odds =
      (1 - neighbourWeight) * logOdds(probability) + neighbourWeight * logOdds(theirs)
    return 1 / (1 + exp(-odds))
  }
}
