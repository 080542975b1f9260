import Foundation
public import Noise
public import Storage

/// Ranks the labels of a data set that are probably wrong, and those that are probably missing.
///
/// The evidence is a model's out-of-sample probabilities p, the k nearest documents, the number d of
/// the document's given labels against the number E that the model expects, and how well the model
/// has learnt the label: t, the mean p over the documents that are given it. Their log-odds order all
/// pairs.
///
///     z = (1 − m) log p/(1 − p) + m log q/(1 − q) + w log (d + 1)/(E + 1)
///     wrong: −z + v log t/(1 − t)      missing: z + v log t/(1 − t)
///     q = (k · share + a · p) / (k + a)      E = Σ p over the document's stored pairs
///
/// Where a document has more labels than the model expects, each of them is more credible, and one
/// more is likelier to be missing. A document without labels says nothing: w is 0 there.
///
/// Thresholds, and the definite errors, follow from confident learning on p alone. They are marked
/// but not listed first: the rule hardly ever applies to a rare label, whose mean probability over
/// the documents that lack it is almost 0.
public struct LabelAudit: Codable, Hashable, Sendable {
  /// Finds and ranks errors.
  public var confidentLearning: ConfidentLearning
  /// Lets the nearest documents vote.
  public var neighbours: NeighbourLabels
  /// m: the weight of the neighbours, from 0 to 1.
  public var neighbourWeight: Double
  /// w: the weight of the document's number of labels, at least 0.
  public var countWeight: Double
  /// v: the weight of how well the model has learnt the label, at least 0.
  public var learntWeight: Double
  /// Labels given to fewer documents are not judged: no model could have learnt them.
  public var minimumCount: Int

  /// a: how many neighbours the model's own probability counts as.
  private static let ownVotes = 2.0
  /// The minimum distance of probabilities from 0 and 1, and that of a label's mean.
  private static let (margin, meanMargin) = (1e-12, 1e-4)

  /// Creates an audit; the defaults were chosen on planted errors.
  public init(
    confidentLearning: ConfidentLearning = .init(), neighbours: NeighbourLabels = .init(),
    neighbourWeight: Double = 0.3, countWeight: Double = 1, learntWeight: Double = 0.2,
    minimumCount: Int = 5
  ) {
    self.confidentLearning = confidentLearning
    self.neighbours = neighbours
    self.neighbourWeight = neighbourWeight
    self.countWeight = countWeight
    self.learntWeight = learntWeight
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
    /// Given labels by falling suspicion; ties by row and label.
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
    let shifts = countShifts(pairs, given: given)
    let learnt = joint.present.map { mean in
      // A label that no document has is one that no model could have learnt.
      learntWeight * Self.logOdds(mean > 1 ? 0 : mean, margin: Self.meanMargin)
    }
    var sure = [Fault.wrong: 0, .missing: 0]
    var lists = [Fault.wrong: BestFindings(top), .missing: BestFindings(top)]
    let hidden = PairSet(filter)
    joint.forEachJudged(pairs, given: given, minimumCount: minimumCount) { pair in
      guard !hidden.contains(pair.row, pair.label) else { return }
      let fault: Fault = pair.isGiven ? .wrong : .missing
      let isSure = joint.isError(pair.probability, label: pair.label, isGiven: pair.isGiven)
      if isSure { sure[fault, default: 0] += 1 }
      var odds = Self.logOdds(pair.probability)
      if let shares {
        let asked = min(near?.entries(ofRow: pair.row).count ?? 0, neighbours.count)
        let theirs = voted(pair.probability, share: Double(shares[pair.entry]), of: asked)
        odds = (1 - neighbourWeight) * odds + neighbourWeight * Self.logOdds(theirs)
      }
      odds += shifts[pair.row] + (pair.isGiven ? -learnt[pair.label] : learnt[pair.label])
      let suspicion = confidentLearning.suspicion(
        of: 1 / (1 + exp(-odds)), label: pair.label, isGiven: pair.isGiven,
        in: joint)
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

  /// q: the neighbours' votes, and the model's probability as some more.
  private func voted(_ probability: Double, share: Double, of count: Int) -> Double {
    let votes = Double(count)
    return (votes * share + Self.ownVotes * probability) / (votes + Self.ownVotes)
  }

  private static func logOdds(_ probability: Double, margin: Double = margin) -> Double {
    let held = min(max(probability, margin), 1 - margin)
    return log(held / (1 - held))
  }

  /// w log (d + 1)/(E + 1) of each document; 0 without labels.
  private func countShifts(_ pairs: CSRMatrix, given: CSRMatrix) -> [Double] {
    (0..<given.rowCount).map { row in
      let count = given.entries(ofRow: row).count
      guard count > 0 else { return 0 }
      let expected = pairs.entries(ofRow: row).reduce(0) { $0 + Double(pairs.values?[$1] ?? 0) }
      return countWeight * log(Double(count + 1) / (expected + 1))
    }
  }
}
