/// The models of one cluster of labels.
struct LabelExperts {
  /// The source of a cluster's probabilities; ties go to the first one.
  enum Expert: Int, CaseIterable {
    case tree, neighbours, logistic, blend
  }

  /// An expert with a decision rule.
  struct Candidate {
    var expert: Expert
    var decision: StreamDecision
    var score = DecisionScore()
  }

  /// The experts, combined with the rules that `decision` allows.
  static func candidates(_ decision: StreamDecision) -> [Candidate] {
    let decisions: [StreamDecision] = decision == .half ? [.half] : [.half, .fMeasure]
    return Expert.allCases.flatMap { expert in
      decisions.map { Candidate(expert: expert, decision: $0) }
    }
  }

  /// A tree started after a change, on trial against the cluster's current one.
  struct Rival {
    var tree: MultiLabelHoeffdingTree
    /// One score per candidate that uses a tree.
    var scores: [DecisionScore]
    /// The scores of the cluster's current tree over the same rows.
    var opponents: [DecisionScore]
    var rows = 0

    init(tree: MultiLabelHoeffdingTree, candidateCount: Int) {
      self.tree = tree
      scores = Array(repeating: DecisionScore(), count: candidateCount)
      opponents = scores
    }

    var isBetter: Bool {
      (scores.map(\.fMeasure).max() ?? 0) > (opponents.map(\.fMeasure).max() ?? 0)
    }
  }

  /// Ascending.
  let labels: [Int32]
  var tree: MultiLabelHoeffdingTree
  var candidates: [Candidate]
  var detector: ADWINDetector
  var rival: Rival?

  /// The index of the candidate with the highest F-measure.
  var best: Int {
    var best = 0
    for place in candidates.indices
    where candidates[place].score.fMeasure > candidates[best].score.fMeasure {
      best = place
    }
    return best
  }

  /// The indices in `labels` of those also in `others`, both ascending.
  func positions(of others: [Int32]) -> [Int] {
    var found: [Int] = []
    for other in others {
      var low = 0
      var high = labels.count
      while low < high {
        let middle = (low + high) / 2
        if labels[middle] < other { low = middle + 1 } else { high = middle }
      }
      if low < labels.count, labels[low] == other { found.append(low) }
    }
    return found
  }

  /// Each expert's probabilities for the cluster's labels.
  func probabilities(_ example: StreamExample, logistic: [Double], neighbours: [Double])
    -> [[Double]]
  {
    let linear = labels.map { logistic[Int($0)] }
    let near = labels.map { neighbours[Int($0)] }
    let blend = zip(linear, near).map { ($0 + $1) / 2 }
    return [tree.probabilities(example), near, linear, blend]
  }

  /// The indices whose probability is above the threshold of `score`.
  static func chosen(
    _ probabilities: [Double], _ score: DecisionScore, _ decision: StreamDecision
  ) -> [Int] {
    let threshold = score.threshold(decision)
    return probabilities.indices.filter { probabilities[$0] > threshold }
  }

  /// The number of common elements of two ascending lists.
  static func agreements(_ one: [Int], _ other: [Int]) -> Int {
    var (i, j, count) = (0, 0, 0)
    while i < one.count, j < other.count {
      if one[i] == other[j] {
        count += 1
        i += 1
        j += 1
      } else if one[i] < other[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return count
  }

  /// 1 − |Y ∩ Z| / |Y ∪ Z|, 0 if both are empty.
  static func loss(_ one: [Int], _ other: [Int]) -> Double {
    let both = agreements(one, other)
    let either = one.count + other.count - both
    return either == 0 ? 0 : 1 - Double(both) / Double(either)
  }
}
