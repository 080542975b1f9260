/// What `dataset.json` says about a data set: its name, where it is from, and its statistics.
public struct DatasetDescription: Codable, Hashable, Sendable {
  /// One source that documents or labels were taken from.
  public struct Origin: Codable, Hashable, Sendable {
    /// An address or a file.
    public var source: String
    /// Which edition it is, such as "Debian bookworm".
    public var release: String?
    /// When the source was made, in its own words.
    public var date: String?

    /// Describes one source.
    public init(source: String, release: String? = nil, date: String? = nil) {
      self.source = source
      self.release = release
      self.date = date
    }
  }

  /// A short name, such as `debian-tags`.
  public var name: String
  /// One sentence: what is predicted from what.
  public var summary: String
  /// Where it is from.
  ///
  /// Figures of different origins must not be compared.
  public var origins: [Origin]
  /// How large and how skewed it is.
  public var statistics: DatasetStatistics?
  /// The constants of propensity-scored metrics; nil for the usual ones.
  public var propensity: Propensity?

  /// The constants A and B of the propensity model by which rare labels count more.
  ///
  /// Jain, Prabhu, Varma, KDD 2016, section 4: <https://doi.org/10.1145/2939672.2939756>.
  public struct Propensity: Codable, Hashable, Sendable {
    /// A, from 0 to 10.
    public var a: Double
    /// B, above 0 and at most 1000.
    public var b: Double

    /// Takes both.
    public init(a: Double, b: Double) {
      self.a = a
      self.b = b
    }
  }

  /// Describes a data set.
  public init(
    name: String, summary: String = "", origins: [Origin] = [],
    statistics: DatasetStatistics? = nil, propensity: Propensity? = nil
  ) {
    self.name = name
    self.summary = summary
    self.origins = origins
    self.statistics = statistics
    self.propensity = propensity
  }
}

extension DatasetDescription {
  /// Reads an object of which every key may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      name: try container.decodeIfPresent(String.self, forKey: .name) ?? "",
      summary: try container.decodeIfPresent(String.self, forKey: .summary) ?? "",
      origins: try container.decodeIfPresent([Origin].self, forKey: .origins) ?? [],
      statistics: try container.decodeIfPresent(DatasetStatistics.self, forKey: .statistics),
      propensity: try container.decodeIfPresent(Propensity.self, forKey: .propensity))
  }
}
