extension SoftTopKLoss.Places {
  /// Reads `5`, `5+` (at least 5) or `labels` (as many as the query has positives).
  public init?(_ word: String) {
    if word == "labels" {
      self = .positives
    } else if let count = Int(word), count > 0 {
      self = .fixed(count)
    } else if word.hasSuffix("+"), let count = Int(word.dropLast()), count > 0 {
      self = .atLeast(count)
    } else {
      return nil
    }
  }

  /// The number as a word: `5`, `5+` or `labels`.
  public var word: String {
    switch self {
    case .fixed(let count): "\(count)"
    case .positives: "labels"
    case .atLeast(let count): "\(count)+"
    }
  }

  private enum Key: String, CodingKey { case fixed, positives, atLeast }
  private enum InnerKey: String, CodingKey { case value = "_0" }

  /// Reads the word, a number, or the object that earlier versions wrote: `{"atLeast": {"_0": 5}}`.
  public init(from decoder: any Decoder) throws {
    guard let object = try? decoder.container(keyedBy: Key.self) else {
      let container = try decoder.singleValueContainer()
      let number = try? container.decode(Int.self)
      guard let places = Self(try number.map(String.init) ?? container.decode(String.self)) else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "5, 5+ or labels is expected")
      }
      self = places
      return
    }
    func count(_ key: Key) throws -> Int {
      try object.nestedContainer(keyedBy: InnerKey.self, forKey: key)
        .decode(Int.self, forKey: .value)
    }
    switch object.allKeys.first {
    case .fixed: self = .fixed(try count(.fixed))
    case .atLeast: self = .atLeast(try count(.atLeast))
    case .positives: self = .positives
    case nil:
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "5, 5+ or labels is expected"))
    }
  }

  /// Writes the word.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(word)
  }
}
