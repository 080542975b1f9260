/// Counts the documents in which each feature occurs, in an open-addressing table that grows.
///
/// Unchecked, because only this value uses the memory and it cannot be copied.
struct FeatureCounter: ~Copyable, @unchecked Sendable {
  /// A slot of the table; empty while `feature` is 0.
  private struct Place: BitwiseCopyable {
    var feature: UInt64
    var documents: UInt32
    /// The last document counted, so that a repeated feature counts once per document.
    var last: UInt32
  }

  private var places: UnsafeMutableBufferPointer<Place>
  /// The table has 2^bits slots.
  private var bits: Int
  /// The number of distinct features.
  private(set) var count = 0
  private var document: UInt32 = 0

  init(bits: Int = 14) {
    self.bits = bits
    places = .allocate(capacity: 1 << bits)
    places.initialize(repeating: Place(feature: 0, documents: 0, last: 0))
  }

  deinit { places.deallocate() }

  /// Starts the next document.
  mutating func nextDocument() { document += 1 }

  /// Counts the features of the current document.
  mutating func insert(_ features: [UInt64]) {
    for feature in features {
      let place = place(of: feature)
      if places[place].last != document {
        places[place].last = document
        places[place].documents += 1
      }
    }
  }

  /// Adds the counts of documents that `other` has seen and this table has not.
  mutating func add(_ other: borrowing FeatureCounter) {
    // The other table is read in hash order. Inserted into a smaller table in that order, its
    // entries would cluster in the first slots, and each search would walk through the cluster.
    while bits < other.bits { grow() }
    for source in other.places where source.feature != 0 {
      let place = place(of: source.feature)
      places[place].documents += source.documents
    }
  }

  /// The features in at least `minimum` documents, with their document counts, in no fixed order.
  func entries(minimum: Int) -> [(feature: UInt64, documents: UInt32)] {
    places.compactMap { place in
      place.feature != 0 && Int(place.documents) >= minimum
        ? (place.feature, place.documents) : nil
    }
  }

  /// The slot of `feature`, which is inserted if it is missing.
  private mutating func place(of feature: UInt64) -> Int {
    let place = find(feature)
    guard places[place].feature == 0 else { return place }
    if 2 * (count + 1) > places.count {
      grow()
      return self.place(of: feature)
    }
    count += 1
    places[place].feature = feature
    return place
  }

  private func find(_ feature: UInt64) -> Int {
    var place = Int(feature >> UInt64(64 - bits))
    while places[place].feature != feature && places[place].feature != 0 {
      place = (place + 1) & (places.count - 1)
    }
    return place
  }

  private mutating func grow() {
    let old = places
    bits += 1
    places = .allocate(capacity: 1 << bits)
    places.initialize(repeating: Place(feature: 0, documents: 0, last: 0))
    for place in old where place.feature != 0 { places[find(place.feature)] = place }
    old.deallocate()
  }
}
