/// One measure of a ranking: a kind and the number of predictions that it considers, such as `P@5`.
public struct RankingMetric: Hashable, Sendable, CustomStringConvertible {
  /// The measure; the raw value is the name before the `@`.
  ///
  /// Below, P is a row's set of true labels, w a label's inverse propensity, rel(r) 1 if the
  /// label at rank r is true and else 0, and sums over ranks run to the cutoff k or, if a row
  /// has fewer predictions, to its end. "Mean" is over the rows that have a true label.
  public enum Kind: String, CaseIterable, Sendable {
    /// Mean of Σ rel(r) / k; short rows are divided by k too.
    case precision = "P"
    /// Mean of Σ rel(r) / |P|.
    case recall = "R"
    /// Mean of DCG / ideal; DCG = Σ rel(r) / log₂(r + 1), ideal = Σ over r ≤ min(k, |P|).
    case discountedGain = "nDCG"
    /// Mean of 1 / the first true label's rank; 0 if none is among the first k.
    case reciprocalRank = "MRR"
    /// Mean of Σ rel(r) w(r) / k, over the same mean for the best possible ranking.
    case scoredPrecision = "PSP"
    /// Mean of Σ rel(r) w(r) / log₂(r + 1) / ideal, over the same mean for the best ranking.
    ///
    /// Both use the unweighted ideal of nDCG, as pyxclib does.
    case scoredDiscountedGain = "PSnDCG"
    /// Mean over labels of hits / predictions; 0 for a label that is never predicted.
    ///
    /// Macro means are over the labels with a true row; a prediction counts if it is among its
    /// row's first k. napkinXC divides by the number of all labels instead.
    case macroPrecision = "macroP"
    /// Mean over labels of hits / true rows.
    case macroRecall = "macroR"
    /// Mean over labels of 2 hits / (predictions + true rows).
    case macroF1 = "macroF1"
  }

  /// The measure.
  public var kind: Kind
  /// The number k of predictions per row that count.
  public var cutoff: Int

  /// Creates a metric.
  ///
  /// - Precondition: `cutoff` is at least 1.
  public init(_ kind: Kind, at cutoff: Int) {
    precondition(cutoff >= 1, "the cutoff is \(cutoff)")
    self.kind = kind
    self.cutoff = cutoff
  }

  /// Parses a name such as `nDCG@5`; nil if it is not a metric.
  public init?(_ name: String) {
    let parts = name.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])),
      let cutoff = Int(parts[1]), cutoff >= 1, String(cutoff) == parts[1]
    else { return nil }
    self.init(kind, at: cutoff)
  }

  /// The name, such as `P@5`.
  public var description: String { "\(kind.rawValue)@\(cutoff)" }
}

extension RankingMetric: Codable {
  /// Reads the name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let metric = RankingMetric(name) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "“\(name)” is not the name of a ranking metric")
    }
    self = metric
  }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
