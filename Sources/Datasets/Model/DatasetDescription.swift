/// The content of `dataset.json`: a data set's name, its origin, and its statistics.
public struct DatasetDescription: Codable, Hashable, Sendable {
  /// One source of documents or labels.
  public struct Origin: Codable, Hashable, Sendable {
    /// An address or a file.
    public var source: String
    /// The edition, such as "Debian bookworm".
    public var release: String?
    /// The date of the source, as the source gives it.
    public var date: String?

    /// Creates a description of a source.
    public init(source: String, release: String? = nil, date: String? = nil) {
      self.source = source
      self.release = release
      self.date = date
    }
  }

  /// A short name, such as `debian-tags`.
  public var name: String
  /// One sentence: the input and the labels to predict.
  public var summary: String
  /// The sources of the data.
  ///
  /// Results on different origins must not be compared.
  public var origins: [Origin]
  /// The size of the data set and the distribution of its labels.
  public var statistics: DatasetStatistics?
  /// The constants of propensity-scored metrics; nil for the usual ones.
  public var propensity: Propensity?

  /// The constants A and B of the propensity model, which gives rare labels more weight.
  ///
  /// Jain, Prabhu, Varma, KDD 2016, section 4: <https://doi.org/10.1145/2939672.2939756>.
  public struct Propensity: Codable, Hashable, Sendable {
    /// A, from 0 to 10.
    public var a: Double
    /// B, above 0 and at most 1000.
    public var b: Double

    /// Creates a model.
    public init(a: Double, b: Double) {
      self.a = a
      self.b = b
    }
  }

  /// Creates a description.
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
  /// Decodes an object, all of whose keys are optional.
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
