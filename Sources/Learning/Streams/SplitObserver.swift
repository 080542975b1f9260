import Foundation

/// A candidate test of a tree node, with its gain and the label counts on either side.
struct TreeSplit {
  /// The entropy it removes, in bits.
  var gain: Double
  var feature: Int32
  /// Values up to it go left; nil tests for presence, and rows with the feature go right.
  var threshold: Double?
  var left: LabelMass
  var right: LabelMass

  func goesRight(_ example: StreamExample) -> Bool {
    let value = example.value(at: feature)
    if let threshold { return value > threshold }
    return value != 0
  }
}

/// The number of rows and how many of them have each label: the parameters of independent Bernoulli
/// variables.
struct LabelMass {
  var rows = 0.0
  var labels: [Double]

  init(labelCount: Int) { labels = Array(repeating: 0, count: labelCount) }

  init(rows: Double, labels: [Double]) {
    self.rows = rows
    self.labels = labels
  }

  /// −Σₗ (pₗ log₂ pₗ + (1 − pₗ) log₂ (1 − pₗ)).
  var entropy: Double {
    guard rows > 0 else { return 0 }
    var sum = 0.0
    for count in labels where count > 0 && count < rows {
      let p = count / rows
      sum -= p * log2(p) + (1 - p) * log2(1 - p)
    }
    return sum
  }

  mutating func add(_ more: [Int]) {
    rows += 1
    for label in more { labels[label] += 1 }
  }

  func gain(_ left: LabelMass, _ right: LabelMass) -> Double {
    entropy - (left.rows * left.entropy + right.rows * right.entropy) / (left.rows + right.rows)
  }

  func selecting(_ positions: [Int]) -> LabelMass {
    LabelMass(rows: rows, labels: positions.map { labels[$0] })
  }
}

/// Counts of present features, and of the labels they occur with.
struct PresenceObserver {
  private struct Key: Hashable {
    let feature: Int32
    /// −1 counts rows.
    let label: Int32
  }

  private var counts: [Key: Double] = [:]
  private var floor = 0.0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func add(_ example: StreamExample, labels: [Int]) {
    for (column, value) in zip(example.columns, example.values) where value != 0 {
      counts[Key(feature: column, label: -1), default: 0] += 1
      for label in labels { counts[Key(feature: column, label: Int32(label)), default: 0] += 1 }
    }
    while counts.count > limit {
      floor += 1
      var rare: Set<Int32> = []
      for (key, rows) in counts where key.label == -1 && rows <= floor { rare.insert(key.feature) }
      counts = counts.filter { !rare.contains($0.key.feature) }
    }
  }

  /// The best test for each feature with at least `smallest` rows on either side.
  func splits(of mass: LabelMass, smallest: Double) -> [TreeSplit] {
    var present: [Int32: LabelMass] = [:]
    for (key, rows) in counts where key.label == -1 {
      guard rows >= smallest, mass.rows - rows >= smallest else { continue }
      present[key.feature] = LabelMass(
        rows: rows, labels: Array(repeating: 0, count: mass.labels.count))
    }
    for (key, rows) in counts where key.label >= 0 {
      present[key.feature]?.labels[Int(key.label)] = rows
    }
    return present.map { feature, right in
      let left = LabelMass(
        rows: mass.rows - right.rows, labels: zip(mass.labels, right.labels).map { $0 - $1 })
      return TreeSplit(
        gain: mass.gain(left, right), feature: feature, threshold: nil, left: left, right: right)
    }
  }

  func selecting(_ positions: [Int]) -> PresenceObserver {
    var places: [Int32: Int32] = [-1: -1]
    for (place, position) in positions.enumerated() { places[Int32(position)] = Int32(place) }
    var selected = self
    selected.counts = [:]
    for (key, rows) in counts {
      guard let place = places[key.label] else { continue }
      selected.counts[Key(feature: key.feature, label: place)] = rows
    }
    return selected
  }
}

/// Normal distributions of each feature, over all rows and over those with each label.
struct GaussianObserver {
  struct Normal {
    var rows = 0.0
    var mean = 0.0
    var squares = 0.0

    mutating func add(_ value: Double) {
      rows += 1
      let step = value - mean
      mean += step / rows
      squares += step * (value - mean)
    }

    /// The number of rows with a value up to `threshold`.
    func rows(upTo threshold: Double) -> Double {
      guard rows > 1, squares > 0 else { return mean <= threshold ? rows : 0 }
      let deviation = (squares / (rows - 1)).squareRoot()
      return rows * 0.5 * erfc((mean - threshold) / (deviation * 2.0.squareRoot()))
    }
  }

  struct Feature {
    var smallest = Double.infinity
    var largest = -Double.infinity
    var all = Normal()
    var byLabel: [Normal]
  }

  private var features: [Feature]
  private let candidates: Int

  init(featureCount: Int, labelCount: Int, candidates: Int) {
    self.candidates = candidates
    let none = Feature(byLabel: Array(repeating: Normal(), count: labelCount))
    features = Array(repeating: none, count: featureCount)
  }

  mutating func add(_ values: [Double], labels: [Int]) {
    for feature in features.indices {
      let value = values[feature]
      features[feature].smallest = min(features[feature].smallest, value)
      features[feature].largest = max(features[feature].largest, value)
      features[feature].all.add(value)
      for label in labels { features[feature].byLabel[label].add(value) }
    }
  }

  /// The best test for each feature with at least `smallest` rows on either side.
  func splits(of mass: LabelMass, smallest: Double) -> [TreeSplit] {
    features.enumerated().compactMap { index, feature in
      guard feature.smallest < feature.largest, feature.all.rows > 0 else { return nil }
      var best: TreeSplit?
      for step in 1...candidates {
        let threshold =
          feature.smallest
          + (feature.largest - feature.smallest) * Double(step) / Double(candidates + 1)
        var left = LabelMass(rows: feature.all.rows(upTo: threshold), labels: mass.labels)
        var right = LabelMass(rows: mass.rows - left.rows, labels: mass.labels)
        guard left.rows >= smallest, right.rows >= smallest else { continue }
        for label in mass.labels.indices {
          let part = feature.byLabel[label].rows(upTo: threshold)
          // The two estimated normal distributions may contradict each other.
          left.labels[label] = min(left.rows, part)
          right.labels[label] = min(right.rows, mass.labels[label] - part)
        }
        let gain = mass.gain(left, right)
        if gain > best?.gain ?? -.infinity {
          best = TreeSplit(
            gain: gain, feature: Int32(index), threshold: threshold, left: left, right: right)
        }
      }
      return best
    }
  }

  func selecting(_ positions: [Int]) -> GaussianObserver {
    var selected = self
    selected.features = features.map { feature in
      var part = feature
      part.byLabel = positions.map { feature.byLabel[$0] }
      return part
    }
    return selected
  }
}
