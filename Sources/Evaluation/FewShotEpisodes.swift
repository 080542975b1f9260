import Storage
public import Torch

/// Accuracy of small classification tasks that a few labelled embeddings per class define.
///
/// An episode draws n classes, and for each K labelled examples and Q queries. A query is assigned
/// to the class whose centre, the mean of its K examples, is most similar. With aₑ the fraction of
/// correct queries in episode e of E, and s the standard deviation of the aₑ (with E − 1 degrees of
/// freedom):
///
///     accuracy = (1 / E) Σₑ aₑ   ±   1.96 s / √E
///
/// - Paper: Snell, Swersky, Zemel. Prototypical Networks for Few-shot Learning. NeurIPS 2017,
///   equations 1 and 2. <https://arxiv.org/abs/1703.05175>
/// - Units: fractions, 0 to 1.
/// - Departures: none. With the cosine, examples are scaled to unit length before averaging.
public struct FewShotEpisodes: Codable, Hashable, Sendable {
  /// One task, as rows of the embeddings.
  public struct Episode: Codable, Hashable, Sendable {
    /// `[n][K]`, the labelled examples of each class.
    public var support: [[Int]]
    /// `[n][Q]`, the rows to classify.
    public var queries: [[Int]]

    /// Creates an episode.
    public init(support: [[Int]], queries: [[Int]]) {
      self.support = support
      self.queries = queries
    }
  }

  /// The result.
  public struct Result: Codable, Hashable, Sendable {
    /// The mean over episodes, from 0 to 1.
    public var accuracy: Double
    /// Half the width of the 95 % interval around it; 0 for one episode.
    public var halfWidth: Double
    /// The number of episodes.
    public var episodes: Int
  }

  /// The number n of classes; 5 is usual.
  public var ways: Int
  /// The number K of labelled examples per class; 1 and 5 are usual.
  public var shots: Int
  /// The number Q of queries per class; the paper's 15.
  public var queries: Int
  /// The number E of episodes; the paper's 600 on miniImageNet.
  public var episodes: Int
  /// The similarity of a query and a centre; the paper's negative squared Euclidean distance.
  public var similarity: VectorSimilarity
  /// The random seed.
  public var seed: UInt64

  /// Creates the tasks.
  public init(
    ways: Int = 5, shots: Int = 1, queries: Int = 15, episodes: Int = 600,
    similarity: VectorSimilarity = .euclidean, seed: UInt64 = 0
  ) {
    self.ways = ways
    self.shots = shots
    self.queries = queries
    self.episodes = episodes
    self.similarity = similarity
    self.seed = seed
  }

  /// Draws all episodes and classifies their queries.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: `[N]`; classes with fewer than K + Q rows are never drawn.
  /// - Throws: `ValueError` when lists differ in length, embeddings are not finite, or too few
  ///   classes have enough rows.
  /// - Precondition: ways, shots, queries and episodes are at least 1.
  public func callAsFunction(_ embeddings: Tensor, classes: [Int]) throws -> Result {
    precondition(episodes >= 1, "\(episodes) episodes")
    _ = try ClassIndex(classes, of: embeddings)
    let members = try membersOfClasses(classes)
    let accuracies = (0..<episodes).map {
      accuracy(of: episode($0, from: members), embeddings: embeddings)
    }
    let point = SampleEfficiencyCurve.Point(size: 0, accuracies: accuracies)
    return Result(
      accuracy: point.mean, halfWidth: 1.96 * point.deviation / Double(episodes).squareRoot(),
      episodes: episodes)
  }

  /// Draws episode `number`; the same number, classes and seed give the same episode.
  ///
  /// - Throws: `ValueError` when too few classes have enough rows.
  public func episode(_ number: Int, classes: [Int]) throws -> Episode {
    episode(number, from: try membersOfClasses(classes))
  }

  /// The fraction of an episode's queries that centres of `[N, D]` classify correctly, from 0 to 1.
  public func accuracy(of episode: Episode, embeddings: Tensor) -> Double {
    withoutGradients {
      let prepared = similarity.prepared(embeddings)
      let support = prepared.gathered(rows: Tensor(episode.support.flatMap { $0 }))
      let (ways, shots) = (episode.support.count, episode.support.first?.count ?? 0)
      let centres = support.reshaped([ways, shots, -1]).mean(along: 1)
      let queries = prepared.gathered(rows: Tensor(episode.queries.flatMap { $0 }))
      let found = similarity(queries, centres).argmax(along: 1).array(of: Int.self)
      let truth = episode.queries.enumerated().flatMap { way, rows in rows.map { _ in way } }
      return Double(zip(found, truth).count { $0 == $1 }) / Double(max(1, truth.count))
    }
  }

  private func episode(_ number: Int, from members: [[Int]]) -> Episode {
    var random = SplitMix64(seed, UInt64(number))
    let rows = members.shuffled(using: &random).prefix(ways).map {
      Array($0.shuffled(using: &random).prefix(shots + queries))
    }
    return Episode(
      support: rows.map { Array($0.prefix(shots)) },
      queries: rows.map { Array($0.dropFirst(shots)) })
  }

  /// The rows of each class that has enough, by ascending class.
  private func membersOfClasses(_ classes: [Int]) throws -> [[Int]] {
    precondition(
      ways >= 1 && shots >= 1 && queries >= 1,
      "\(ways) ways, \(shots) shots, \(queries) queries")
    let members = Dictionary(grouping: classes.indices) { classes[$0] }
      .filter { $0.value.count >= shots + queries }.sorted { $0.key < $1.key }.map(\.value)
    guard members.count >= ways else {
      throw ValueError(
        "embeddings",
        reason: "\(members.count) classes with \(shots + queries) rows or more",
        expected: "\(ways) such classes")
    }
    return members
  }
}
