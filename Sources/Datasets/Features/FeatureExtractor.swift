import Storage

/// Turns scanned texts into hashed features; reuses its memory from one text to the next.
struct FeatureExtractor {
  /// The features of one family in one text, in text order, with repetitions.
  private(set) var features: [UInt64] = []
  /// `<`, the characters, `>`.
  private var marked: [UInt8] = []
  /// The start of each character of `marked`, and the end; filled only for non-ASCII text.
  private var starts: [Int] = []

  /// The longest sequence of words that forms one feature.
  private static let affixLimit = 16

  /// Fills `features` with those of `family`, whose `FeatureHash.namespace(of:)` is `namespace`.
  mutating func extract(
    _ family: TextFeatures.Family, in namespace: UInt64, from scan: borrowing TextScan
  ) {
    features.removeAll(keepingCapacity: true)
    let words = scan.words(of: family.scope)
    switch family.unit {
    case .words:
      for word in words { add(scan.hashes[word], namespace) }
    case .wordPairs:
      for word in words.dropFirst() where !scan.words[word].startsPart {
        let pair = FeatureHash.fold(
          FeatureHash.fold(FeatureHash.Sequence.pair.rawValue, scan.hashes[word - 1]),
          scan.hashes[word])
        add(pair, namespace)
      }
    case .wordCharacters:
      for word in words {
        let bytes = scan.words[word].start..<scan.words[word].end
        addRuns(of: UnsafeRawBufferPointer(rebasing: scan.bytes[bytes]), family, namespace)
      }
    case .characters:
      let bytes = scan.bytes(of: family.scope)
      addRuns(of: UnsafeRawBufferPointer(rebasing: scan.bytes[bytes]), family, namespace)
    case .affixes:
      addAffixes(scan.hashes[words], namespace)
    case .ends:
      guard let first = words.first, let last = words.last else { return }
      addAffixes(scan.hashes[first...first], .leading, namespace)
      addAffixes(scan.hashes[last...last].reversed(), .trailing, namespace)
    case .unspacedCharacters:
      addRuns(scan.runs, family.lengths, namespace)
    }
  }

  private mutating func add(_ hash: UInt64, _ namespace: UInt64) {
    features.append(FeatureHash.feature(hash, in: namespace))
  }

  private mutating func addAffixes(_ hashes: ArraySlice<UInt64>, _ namespace: UInt64) {
    addAffixes(hashes.prefix(Self.affixLimit), .leading, namespace)
    addAffixes(hashes.suffix(Self.affixLimit).reversed(), .trailing, namespace)
  }

  /// Adds the first of `hashes`, the first two, and so on.
  private mutating func addAffixes(
    _ hashes: some Sequence<UInt64>, _ kind: FeatureHash.Sequence, _ namespace: UInt64
  ) {
    var sum = kind.rawValue
    for hash in hashes {
      sum = FeatureHash.fold(sum, hash)
      add(sum, namespace)
    }
  }

  /// Adds the runs of `lengths` characters within each of `runs`.
  private mutating func addRuns(
    _ runs: CharacterRuns, _ lengths: ClosedRange<Int>, _ namespace: UInt64
  ) {
    runs.bytes.withUnsafeBytes { bytes in
      let starts = runs.starts + [bytes.count]
      for range in runs.ranges {
        for length in lengths where length <= range.count {
          for first in range.lowerBound...(range.upperBound - length) {
            let run = bytes[starts[first]..<starts[first + length]]
            add(XXHash64.hash(UnsafeRawBufferPointer(rebasing: run)), namespace)
          }
        }
      }
    }
  }

  /// Adds the runs of `family.lengths` characters of `<characters>`; none if it is empty.
  private mutating func addRuns(
    of characters: UnsafeRawBufferPointer, _ family: TextFeatures.Family, _ namespace: UInt64
  ) {
    guard !characters.isEmpty else { return }
    marked.removeAll(keepingCapacity: true)
    marked.append(UInt8(ascii: "<"))
    marked.append(contentsOf: characters)
    marked.append(UInt8(ascii: ">"))
    if marked.allSatisfy({ $0 < 0x80 }) {
      addRunsOfBytes(family.lengths, namespace)
    } else {
      addRunsOfScalars(family.lengths, namespace)
    }
  }

  private mutating func addRunsOfBytes(_ lengths: ClosedRange<Int>, _ namespace: UInt64) {
    marked.withUnsafeBytes { bytes in
      for length in lengths where length <= bytes.count {
        for start in 0...(bytes.count - length) {
          let run = UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])
          features.append(FeatureHash.feature(XXHash64.hash(run), in: namespace))
        }
      }
    }
  }

  private mutating func addRunsOfScalars(_ lengths: ClosedRange<Int>, _ namespace: UInt64) {
    starts.removeAll(keepingCapacity: true)
    for (position, byte) in marked.enumerated() where byte & 0xc0 != 0x80 {
      starts.append(position)
    }
    starts.append(marked.count)
    marked.withUnsafeBytes { bytes in
      for length in lengths where length < starts.count {
        for first in 0..<(starts.count - length) {
          let run = bytes[starts[first]..<starts[first + length]]
          let hash = XXHash64.hash(UnsafeRawBufferPointer(rebasing: run))
          features.append(FeatureHash.feature(hash, in: namespace))
        }
      }
    }
  }
}
