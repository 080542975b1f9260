/// The results of `RankingMetrics`, in percent.
///
/// As JSON it is one flat object, `{"P@1": 87.1, …, "rows": 5885, "rowsWithoutLabels": 0}`, with
/// the groups of labels under `"deciles"`.
public struct RankingResult: Hashable, Sendable {
  /// One group of labels with about the same number of training positives; see `FrequencyDeciles`.
  public struct Decile: Hashable, Sendable {
    /// The number of labels in the group.
    public var labels: Int
    /// The number of training positives of these labels.
    public var positives: Int
    /// Precision and recall of only this group's labels.
    ///
    /// P@k is the mean over all rows with a true label, of any group, so the groups' values sum
    /// to the overall P@k. R@k is the mean over the rows with a true label in this group.
    public var values: [RankingMetric: Double]
  }

  /// The value of each metric, in percent.
  public var values: [RankingMetric: Double]
  /// The ten groups of labels, frequent ones first.
  public var deciles: [Decile]
  /// The number of rows in the means.
  public var rows: Int
  /// The number of rows left out because they have no true label.
  public var rowsWithoutLabels: Int

  /// The value of `metric` in percent; nil if it was not computed.
  public subscript(metric: RankingMetric) -> Double? { values[metric] }

  /// The value of the metric called `name` in percent; nil if it was not computed.
  public subscript(name: String) -> Double? { RankingMetric(name).flatMap { values[$0] } }
}

/// A key of the flat object: the name of a metric or of a count.
private struct ResultKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }

  static let rows = ResultKey(stringValue: "rows")
  static let rowsWithoutLabels = ResultKey(stringValue: "rowsWithoutLabels")
  static let deciles = ResultKey(stringValue: "deciles")
  static let labels = ResultKey(stringValue: "labels")
  static let positives = ResultKey(stringValue: "positives")
}

extension KeyedDecodingContainer<ResultKey> {
  /// The values of all keys that are names of metrics.
  fileprivate func metricValues() throws -> [RankingMetric: Double] {
    var values: [RankingMetric: Double] = [:]
    for key in allKeys {
      if let metric = RankingMetric(key.stringValue) {
        values[metric] = try decode(Double.self, forKey: key)
      }
    }
    return values
  }
}

extension KeyedEncodingContainer<ResultKey> {
  /// Encodes each value under its metric's name.
  fileprivate mutating func encode(_ values: [RankingMetric: Double]) throws {
    for (metric, value) in values {
      try encode(value, forKey: ResultKey(stringValue: metric.description))
    }
  }
}

extension RankingResult: Codable {
  /// Decodes the flat object.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: ResultKey.self)
    values = try container.metricValues()
    deciles = try container.decode([Decile].self, forKey: .deciles)
    rows = try container.decode(Int.self, forKey: .rows)
    rowsWithoutLabels = try container.decode(Int.self, forKey: .rowsWithoutLabels)
  }

  /// Encodes the flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: ResultKey.self)
    try container.encode(values)
    try container.encode(deciles, forKey: .deciles)
    try container.encode(rows, forKey: .rows)
    try container.encode(rowsWithoutLabels, forKey: .rowsWithoutLabels)
  }
}

extension RankingResult.Decile: Codable {
  /// Decodes the flat object.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: ResultKey.self)
    values = try container.metricValues()
    labels = try container.decode(Int.self, forKey: .labels)
    positives = try container.decode(Int.self, forKey: .positives)
  }

  /// Encodes the flat object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: ResultKey.self)
    try container.encode(values)
    try container.encode(labels, forKey: .labels)
    try container.encode(positives, forKey: .positives)
  }
}
