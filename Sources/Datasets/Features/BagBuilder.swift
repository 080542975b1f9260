import Foundation
import Storage

/// Computes the weighted feature rows of texts, one text at a time.
struct BagBuilder {
  /// Concatenated rows.
  struct Rows: Sendable {
    /// The number of entries of each row.
    var lengths: [Int] = []
    var columns: [Int32] = []
    var values: [Float] = []
  }

  private let families: [(family: TextFeatures.Family, namespace: UInt64, length: Float)]
  private let vocabulary: FeatureVocabulary
  /// The number of occurrences of each vocabulary feature in the current family and text.
  private var counts: [UInt32]
  /// The features whose count is not 0, in order of first occurrence.
  private var present: [Int32] = []
  /// The entries of the current row: the column in the upper half, the value's bits in the lower.
  private var row: [UInt64] = []
  private var extractor = FeatureExtractor()

  /// The rows so far.
  private(set) var rows = Rows()

  init(families: [TextFeatures.Family], vocabulary: FeatureVocabulary) {
    let counted = families.filter { $0.unit != .unspacedCharacters }
    let total = counted.map { $0.weight * $0.weight }.reduce(0, +).squareRoot()
    self.families = families.map {
      ($0, FeatureHash.namespace(of: $0), Float($0.weight / total))
    }
    self.vocabulary = vocabulary
    counts = [UInt32](repeating: 0, count: vocabulary.count)
  }

  /// Appends the row of one text.
  mutating func append(_ scan: borrowing TextScan) {
    row.removeAll(keepingCapacity: true)
    if scan.runs.count > 0 {
      appendRow(withRuns: scan)
    } else {
      for (family, namespace, length) in families {
        extractor.extract(family, in: namespace, from: scan)
        count(extractor.features)
        weigh(length: length)
      }
    }
    // Ascending columns: code that gathers their vectors walks forward through memory.
    row.sort()
    rows.lengths.append(row.count)
    for entry in row {
      rows.columns.append(Int32(truncatingIfNeeded: entry >> 32))
      rows.values.append(Float(bitPattern: UInt32(truncatingIfNeeded: entry)))
    }
  }

  /// Fills the row of a text that has runs, and scales it to length 1.
  private mutating func appendRow(withRuns scan: borrowing TextScan) {
    // The runs get less weight if they are few compared with the words.
    let share = Double(scan.runs.count) / Double(scan.runs.count + scan.words.count)
    var total = 0.0
    func append(_ family: TextFeatures.Family, _ namespace: UInt64, weight: Double) {
      extractor.extract(family, in: namespace, from: scan)
      count(extractor.features)
      if !present.isEmpty { total += weight * weight }
      weigh(length: Float(weight))
    }
    for (family, namespace, _) in families {
      guard family.unit == .unspacedCharacters else {
        append(family, namespace, weight: family.weight)
        continue
      }
      // There are many long runs, and they are rare: without this they would drown out the short
      // ones.
      let lengths = family.lengths.reduce(0) { $0 + 1 / Double($1) }
      for length in family.lengths {
        var single = family
        single.lengths = length...length
        let part = share / (Double(length) * lengths)
        append(single, namespace, weight: family.weight * part.squareRoot())
      }
    }
    scale(by: Float(1 / total.squareRoot()))
  }

  private mutating func count(_ features: [UInt64]) {
    let shift = vocabulary.shift
    vocabulary.places.withUnsafeBufferPointer { places in
      vocabulary.hashes.withUnsafeBufferPointer { hashes in
        for feature in features {
          let found = FeatureVocabulary.find(feature, places, hashes, shift)
          guard found >= 0 else { continue }
          if counts[Int(found)] == 0 { present.append(found) }
          counts[Int(found)] += 1
        }
      }
    }
  }

  /// Moves the counted features into the row, scaled so that together they have `length`.
  private mutating func weigh(length: Float) {
    var sum = 0.0
    let start = row.count
    for column in present {
      let count = counts[Int(column)]
      counts[Int(column)] = 0
      let frequency = count == 1 ? 1 : 1 + Float(log(Double(count)))
      let value = frequency * vocabulary.inverseDocumentFrequencies[Int(column)]
      sum += Double(value) * Double(value)
      row.append(UInt64(UInt32(bitPattern: column)) << 32 | UInt64(value.bitPattern))
    }
    present.removeAll(keepingCapacity: true)
    scale(by: Float(Double(length) / sum.squareRoot()), from: start)
  }

  /// Multiplies the values of the row from entry `start` on.
  private mutating func scale(by factor: Float, from start: Int = 0) {
    for place in start..<row.count {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: row[place])) * factor
      row[place] = row[place] & 0xffff_ffff_0000_0000 | UInt64(value.bitPattern)
    }
  }
}
