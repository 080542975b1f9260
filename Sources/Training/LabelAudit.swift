import Foundation
public import Learning
public import Torch

/// Ranks the labels of a data set that are probably wrong, and those that are probably missing.
///
/// Two witnesses are heard: a model's out-of-sample probabilities, and the documents near by. Their
/// log-odds are mixed, and confident learning says from the mixture how suspicious each pair is.
///
///     z = (1 − m) log p/(1 − p) + m log q/(1 − q)      q = (k · share + a · p) / (k + a)
///
/// Pairs that confident learning on p alone finds wrong or missing have no vote among neighbours.
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
  private static let margin = 1e-6

  /// Sets up an audit; the defaults were chosen on errors that were planted for it.
  public init(
    confidentLearning: ConfidentLearning = .init(), neighbours: NeighbourLabels = .init(),
    neighbourWeight: Double = 0.5, minimumCount: Int = 2
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
    /// How suspicious the pair is, from 0 to 1; what the list is sorted by.
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
    /// Given labels, the most suspicious first; equal ones by row and label.
    public var wrong: [Finding]
    /// Labels not given, likewise.
    public var missing: [Finding]
    /// How many labels are given.
    public var givenCount: Int
    /// Confident learning's estimate of how many of these are wrong.
    public var estimatedWrong: Double
    /// Its estimate of how many are missing.
    public var estimatedMissing: Double
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
    var joint = try confidentLearning.joint(probabilities: pairs, given: given)
    let total = joint.total
    var shares: [Float]?
    var mixture = pairs
    if let near = scores.neighbours, neighbourWeight > 0 {
      let found = neighbours.shares(
        of: pairs, neighbours: near, given: given,
        distrusted: joint.errors(in: pairs, given: given))
      shares = found
      mixture = mixed(pairs, shares: found, neighbours: near)
      joint = try confidentLearning.joint(probabilities: mixture, given: given)
    }
    var lists = [Fault.wrong: BestFindings(top), .missing: BestFindings(top)]
    let hidden = PairSet(filter)
    joint.forEachJudged(pairs, given: given, minimumCount: minimumCount) {
      entry, row, label, isGiven in
      guard !hidden.contains(row, label) else { return }
      let suspicion = confidentLearning.suspicion(
        of: Double(mixture.values?[entry] ?? 0), label: label, isGiven: isGiven, in: joint)
      lists[isGiven ? .wrong : .missing]?.add(suspicion, entry: entry, row: row, label: label)
    }
    func findings(_ fault: Fault) -> [Finding] {
      (lists[fault]?.sorted() ?? []).map { best in
        let probability = Double(mixture.values?[best.entry] ?? 0)
        let verdict = joint.verdict(on: probability, label: best.label)
        var finding = Finding(
          fault: fault, row: best.row, label: best.label,
          probability: Double(pairs.values?[best.entry] ?? 0),
          threshold: joint.present[best.label], suspicion: best.suspicion,
          isConfident: verdict == (fault == .wrong ? .lacks : .has),
          neighbourShare: shares.map { Double($0[best.entry]) })
        finding.addNeighbours(scores.neighbours, given: given, asked: neighbours.count)
        return finding
      }
    }
    return Report(
      wrong: findings(.wrong), missing: findings(.missing), givenCount: given.entryCount,
      estimatedWrong: total.wrong, estimatedMissing: total.missing)
  }

  /// The probabilities with the neighbours' word mixed in.
  private func mixed(_ pairs: CSRMatrix, shares: [Float], neighbours near: CSRMatrix) -> CSRMatrix {
    func logOdds(_ probability: Double) -> Double {
      let held = min(max(probability, Self.margin), 1 - Self.margin)
      return log(held / (1 - held))
    }
    let weight = neighbourWeight
    var values: [Float] = []
    values.reserveCapacity(shares.count)
    for row in 0..<pairs.rowCount {
      let votes = Double(min(near.entries(ofRow: row).count, neighbours.count))
      for entry in pairs.entries(ofRow: row) {
        let own = Double(pairs.values?[entry] ?? 0)
        let theirs = (votes * Double(shares[entry]) + Self.ownVotes * own) / (votes + Self.ownVotes)
        let odds = (1 - weight) * logOdds(own) + weight * logOdds(theirs)
        values.append(Float(1 / (1 + exp(-odds))))
      }
    }
    return CSRMatrix(
      rowOffsets: pairs.rowOffsets, columns: pairs.columns, values: MappedArray(values),
      columnCount: pairs.columnCount)
  }
}
