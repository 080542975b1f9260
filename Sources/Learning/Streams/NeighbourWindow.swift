/// The latest examples, for nearest-neighbour predictions.
struct NeighbourWindow {
  private let labelCount: Int
  private let capacity: Int
  private let neighbourCount: Int
  /// A ring buffer; the oldest example is at `next` once it is full.
  private var examples: [StreamExample] = []
  private var next = 0

  init(labelCount: Int, capacity: Int, neighbourCount: Int) {
    self.labelCount = labelCount
    self.capacity = capacity
    self.neighbourCount = neighbourCount
  }

  var count: Int { examples.count }

  /// The share of the nearest examples that have each label, newer ones first: by cosine for sparse
  /// features, by distance in standard deviations for dense ones.
  func probabilities(_ example: StreamExample, scaling: StreamScaling, featureCount: Int)
    -> [Double]
  {
    var votes = [Double](repeating: 0, count: labelCount)
    guard !examples.isEmpty else { return votes }
    let own = scaling.features == .sparse ? scaling.scaled(example) : example
    let factors = scaling.inverseDeviations
    var dense = [Double](repeating: 0, count: featureCount)
    for (column, value) in zip(own.columns, own.values) { dense[Int(column)] = value }
    var ranked: [(closeness: Double, age: Int, index: Int)] = []
    ranked.reserveCapacity(examples.count)
    for (index, row) in examples.enumerated() {
      let age = (next - 1 - index + 2 * examples.count) % examples.count
      var closeness = 0.0
      switch scaling.features {
      case .sparse:
        for place in row.columns.indices {
          closeness += row.values[place] * dense[Int(row.columns[place])]
        }
      case .dense:
        for column in 0..<featureCount {
          let difference = (row.values[column] - dense[column]) * factors[column]
          closeness -= difference * difference
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

  /// Adds an example in place of the oldest one.
  mutating func add(_ example: StreamExample, scaling: StreamScaling) {
    var kept = example
    switch scaling.features {
    case .sparse: kept = scaling.scaled(example)
    case .dense:
      // Dense rows are compared with column statistics that are not known yet.
      kept.columns = []
      kept.values = Array(repeating: 0, count: scaling.inverseDeviations.count)
      for (column, value) in zip(example.columns, example.values) {
        kept.values[Int(column)] = value
      }
    }
    if examples.count < capacity {
      examples.append(kept)
      next = examples.count % capacity
    } else {
      examples[next] = kept
      next = (next + 1) % capacity
    }
  }

  /// Removes all but the newest `count` examples.
  mutating func keep(newest count: Int) {
    guard count < examples.count else { return }
    let ordered =
      examples.count < capacity ? examples : Array(examples[next...] + examples[..<next])
    examples = Array(ordered.suffix(count))
    next = examples.count % capacity
  }
}
