import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct FewShotEpisodesTests {
  private struct Case: Decodable {
    var embeddings: [[Double]]
    var support: [[Int]]
    var queries: [[Int]]
    var euclidean: Double
    var cosine: Double
  }

  @Test func `agrees with scikit-learn's nearest centroids`() throws {
    let cases = try Golden<Case>("FewShotEpisodes").cases
    #expect(cases.count == 3)
    for example in cases {
      let episode = FewShotEpisodes.Episode(support: example.support, queries: example.queries)
      let embeddings = Tensor(rows: example.embeddings)
      expectClose(
        FewShotEpisodes().accuracy(of: episode, embeddings: embeddings), example.euclidean,
        "euclidean")
      expectClose(
        FewShotEpisodes(similarity: .cosine).accuracy(of: episode, embeddings: embeddings),
        example.cosine, "cosine")
    }
  }

  @Test func `an episode draws distinct rows and classes`() throws {
    // Class 3 has too few rows.
    let classes = (0..<40).map { $0 < 38 ? $0 % 3 : 3 }
    let episodes = FewShotEpisodes(ways: 3, shots: 2, queries: 4, seed: 9)
    var drawn: Set<[[Int]]> = []
    for number in 0..<20 {
      let episode = try episodes.episode(number, classes: classes)
      drawn.insert(episode.support)
      let rows = zip(episode.support, episode.queries).map { $0 + $1 }
      #expect(rows.map(\.count) == [6, 6, 6])
      #expect(Set(rows.flatMap { $0 }).count == 18)
      for row in rows { #expect(Set(row.map { classes[$0] }).count == 1) }
      #expect(Set(rows.map { classes[$0[0]] }) == [0, 1, 2])
      #expect(try episode == episodes.episode(number, classes: classes))
    }
    #expect(drawn.count == 20)
  }

  @Test func `mean and interval match the episodes`() throws {
    var random = SplitMix64(4)
    let classes = (0..<60).map { $0 % 5 }
    let embeddings = Tensor(random.doubles(180), shape: [60, 3])
    let episodes = FewShotEpisodes(ways: 4, shots: 1, queries: 5, episodes: 7, seed: 3)
    let single = try (0..<7).map {
      episodes.accuracy(of: try episodes.episode($0, classes: classes), embeddings: embeddings)
    }
    let mean = single.reduce(0, +) / 7
    let variance = single.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 6
    let result = try episodes(embeddings, classes: classes)
    expectClose(result.accuracy, mean)
    expectClose(result.halfWidth, 1.96 * (variance / 7).squareRoot())
    #expect(result.episodes == 7)
  }

  @Test func `separates distant classes perfectly`() throws {
    let classes = (0..<40).map { $0 % 4 }
    let embeddings = Tensor(
      rows: classes.enumerated().map { [Double($1) * 100, Double($0 % 3)] })
    let result = try FewShotEpisodes(ways: 4, queries: 3, episodes: 5)(
      embeddings, classes: classes)
    #expect(result.accuracy == 1 && result.halfWidth == 0)
  }

  @Test func `rejects too few classes with enough rows`() throws {
    #expect(throws: ValueError.self) {
      try FewShotEpisodes(ways: 2, shots: 1, queries: 1)(.ones([3, 2]), classes: [0, 0, 1])
    }
  }
}
