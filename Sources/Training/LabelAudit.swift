import Foundation
public import Learning
public import Torch

/// Ranks the labels of a data set that are probably wrong, and those that are probably missing.
///
/// Two witnesses are heard: a model's out-of-sample probabilities p, and the k documents near by. Their
/// log-odds are mixed, and the mixture says how suspicious each pair is.
///
///     z = (1 − m) log p/(1 − p) + m log q/(1 − q)      q = (k · share + a · p) / (k + a)
///
/// Thresholds, and which pairs are surely errors, are confident learning's on p alone. These come first.
public struct LabelAudit: Codable, Hashable, Sendable {
  /// How errors are found and ranked.
  public var confidentLearning: ConfidentLearning
  /// Who is asked about a document.
  public var neighbours: NeighbourLabels
  /// m: how much the neighbours' word counts, from 0 to 1.
  public var neighbourWeight: Double
  /// Labels that fewer documents are given are not judged: no model could have learnt them.
  public var minimumCount: Int

  /// a: how many neighbours the model's own probability counts as.
  private static let ownVotes = 2.0
  /// How far probabilities are held from 0 and 1.
  private static let margin = 1e-12

  /// Sets up an audit; the defaults were chosen on errors that were planted for it.
  public init(
    confidentLearning: ConfidentLearning = .init(), neighbours: NeighbourLabels = .init(),
    neighbourWeight: Double = 0.3, minimumCount: Int = 5
  ) {
    self.confidentLearning = confidentLearning
    self.neighbours = neighbours
    self.neighbourWeight = neighbourWeight
    self.minimumCount = minimumCount
  }

  /// Which error.
  public enum Fault: String, Codable, Hashable, Sendable, CaseIterable {
    /// Given, but probably not so.
    case wrong
    /// Not given, but probably so.
    case missing
  }

  /// A pair of a document and a label that is probably an error.
  public struct Finding: Hashable, Sendable {
    /// Which error.
    public var fault: Fault
    /// The row of train.
    public var row: Int
    /// The label.
    public var label: Int
    /// The model's probability that the document has the label.
    public var probability: Double
    /// The mean probability of the documents that are given the label.
    public var threshold: Double
    /// How suspicious the pair is, from 0 to 1.
    public var suspicion: Double
    /// Whether it is an error by the rule of confident learning, and not only a likely one.
    public var isConfident: Bool
    /// The share of the neighbours that have the label; nil where nobody looked.
    public var neighbourShare: Double?
    /// The nearest rows of train that have the label, three at most.
    public var neighboursWith: [Int] = []
    /// The nearest rows of train that lack it, three at most.
    public var neighboursWithout: [Int] = []
  }

  /// What an audit found.
  public struct Report: Sendable {
    /// Given labels: errors by the rule of confident learning, then others, the most suspicious
    /// first; equal ones by row and label.
    public var wrong: [Finding]
    /// Labels not given, likewise.
    public var missing: [Finding]
    /// How many labels are given.
    public var givenCount: Int
    /// How many of these are errors by the rule of confident learning.
    public var surelyWrong: Int
    /// How many labels are missing by the same rule.
    public var surelyMissing: Int
  }

  /// Judges all pairs that have a score.
  ///
  /// - Parameters:
  ///   - given: `[rows, labels]`, the labels of train.
  ///   - filter: `[rows, labels]`; pairs that are not looked at, such as a document's own label.
  ///   - top: how many findings of each kind are reported, at most.
  /// - Throws: `InputError` when a score is no probability.
  /// - Precondition: the scores are of these rows and labels; `top` is at least 0.
  /// - Complexity: O(stored pairs) time and memory, whatever documents times labels is.
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

  /// A probability with the neighbours' word mixed in.
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
