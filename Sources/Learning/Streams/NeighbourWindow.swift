/// The latest examples, and which labels those nearest to a new one have.
struct NeighbourWindow {
  private let labelCount: Int
  private let capacity: Int
  private let neighbourCount: Int
  /// A ring; the oldest example is at `next` once it is full.
  private var examples: [StreamExample] = []
  private var next = 0

  init(labelCount: Int, capacity: Int, neighbourCount: Int) {
    self.labelCount = labelCount
    self.capacity = capacity
    self.neighbourCount = neighbourCount
  }

  var count: Int { examples.count }

  /// The share of the nearest examples, newer ones first, that have each label; both the window's
  /// and the new example are `scaled` here, by what is known now.
  func probabilities(_ example: StreamExample, scaling: StreamScaling, featureCount: Int)
    -> [Double]
  {
    var votes = [Double](repeating: 0, count: labelCount)
    guard !examples.isEmpty else { return votes }
    let own = scaling.scaled(example)
    var dense = [Double](repeating: 0, count: featureCount)
    for (column, value) in zip(own.columns, own.values) { dense[Int(column)] = value }
    var ranked: [(closeness: Double, age: Int, index: Int)] = []
    ranked.reserveCapacity(examples.count)
    for (index, other) in examples.enumerated() {
      let age = (next - 1 - index + 2 * examples.count) % examples.count
      let row = scaling.features == .dense ? scaling.scaled(other) : other
      var closeness = 0.0
      dense.withUnsafeBufferPointer { dense in
        switch scaling.features {
        case .sparse:
          for (column, value) in zip(row.columns, row.values) {
            closeness += value * dense[Int(column)]
          }
        case .dense:
          for (column, value) in zip(row.columns, row.values) {
            let difference = value - dense[Int(column)]
            closeness -= difference * difference
          }
        }
      }
      ranked.append((closeness, age, index))
    }
    let nearest = ranked.sorted {
      $0.closeness != $1.closeness ? $0.closeness > $1.closeness : $0.age < $1.age
    }.prefix(neighbourCount)
    for one in nearest {
      for label in examples[one.index].labels { votes[Int(label)] += 1 / Double(nearest.count) }
    }
    return votes
  }

  /// Takes an example in place of the oldest one.
  mutating func add(_ example: StreamExample, scaling: StreamScaling) {
    // Sparse rows are scaled alike for ever, dense ones by what will be known.
    let kept = scaling.features == .sparse ? scaling.scaled(example) : example
    if examples.count < capacity {
      examples.append(kept)
      next = examples.count % capacity
    } else {
      examples[next] = kept
      next = (next + 1) % capacity
    }
  }

  /// Forgets all but the newest `count` examples.
  mutating func keep(newest count: Int) {
    guard count < examples.count else { return }
    let ordered =
      examples.count < capacity ? examples : Array(examples[next...] + examples[..<next])
    examples = Array(ordered.suffix(count))
    next = examples.count % capacity
  }
}
