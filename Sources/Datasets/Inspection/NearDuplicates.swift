import Storage

/// Pairs of texts whose sets of word runs are nearly the same.
///
/// A pair is reported if the exact Jaccard similarity of the two sets is at least the threshold.
/// Candidates are found by MinHash: 64 minima in 16 bands of 4; texts that agree in a band are
/// compared. A pair of similarity s is missed with probability (1 − s⁴)¹⁶: 0.0002 at 0.8, less
/// above. If more than a hundred texts agree in a band, each is compared only with the hundred that
/// follow it.
///
/// Paper: Broder. On the Resemblance and Containment of Documents. SEQUENCES 1997.
/// <https://doi.org/10.1109/SEQUEN.1997.666900>
struct NearDuplicates {
  /// A pair of documents.
  struct Pair: Hashable {
    /// The smaller index.
    var first: Int
    /// The larger one.
    var second: Int
    /// The Jaccard similarity of the sets of word runs, from the threshold to 1.
    var similarity: Double
  }

  /// Sorted by ascending indices.
  let pairs: [Pair]

  private static let bands = 16
  private static let rows = 4
  private static let longestRun = 100

  /// Compares some of the texts.
  ///
  /// - Complexity: O(words + candidates) expected; 128 bytes of memory per text.
  init(of texts: TextColumn, among documents: [Int], threshold: Double) {
    var keys = [[UInt64]](repeating: [], count: Self.bands)
    var kept: [Int] = []
    for document in documents {
      let shingles = texts.withUTF8(at: document) { Shingles($0) }
      guard !shingles.hashes.isEmpty else { continue }
      kept.append(document)
      for (band, key) in Self.bandKeys(shingles).enumerated() { keys[band].append(key) }
    }
    var candidates: Set<UInt64> = []
    for band in keys {
      let order = band.indices.sorted { (band[$0], kept[$0]) < (band[$1], kept[$1]) }
      for (place, index) in order.enumerated() {
        for other in order[(place + 1)...].prefix(Self.longestRun) {
          guard band[other] == band[index] else { break }
          let (low, high) = (min(kept[index], kept[other]), max(kept[index], kept[other]))
          candidates.insert(UInt64(low) << 32 | UInt64(high))
        }
      }
    }
    var found: [Pair] = []
    var last: (document: Int, shingles: Shingles)?
    for key in candidates.sorted() {
      let (first, second) = (Int(key >> 32), Int(key & 0xFFFF_FFFF))
      let own: Shingles
      if let last, last.document == first {
        own = last.shingles
      } else {
        own = texts.withUTF8(at: first) { Shingles($0) }
        last = (first, own)
      }
      let similarity = own.similarity(to: texts.withUTF8(at: second) { Shingles($0) })
      if similarity >= threshold {
        found.append(Pair(first: first, second: second, similarity: similarity))
      }
    }
    pairs = found
  }

  /// One number for each band of minima.
  private static func bandKeys(_ shingles: Shingles) -> [UInt64] {
    var minima = [UInt32](repeating: .max, count: bands * rows)
    minima.withUnsafeMutableBufferPointer { minima in
      multipliers.withUnsafeBufferPointer { multipliers in
        for hash in shingles.hashes {
          for index in 0..<(bands * rows) {
            // Multiply and shift: a family of hash functions on an already well-mixed number.
            let value = UInt32(truncatingIfNeeded: (hash &* multipliers[index]) >> 32)
            minima[index] = min(minima[index], value)
          }
        }
      }
    }
    return (0..<bands).map { band in
      minima[(band * rows)..<((band + 1) * rows)].reduce(0) { Shingles.mixed($0 ^ UInt64($1)) }
    }
  }

  /// Fixed random odd numbers.
  private static let multipliers: [UInt64] = {
    var random = SplitMix64(0x6d69_6e68)
    return (0..<(bands * rows)).map { _ in random.next() | 1 }
  }()
}
