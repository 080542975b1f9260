import Evaluation
import Storage
import TestSupport
import Testing

@Suite struct TopKTests {
  @Test func `picks the best scores, ties by lower id`() throws {
    var ranking = TopK(k: 4)
    try ranking.append(selectingFrom: [0.5, 2, -1, 2, 0.5, 0.5])
    try ranking.append(selectingFrom: [-3, -.infinity, .infinity])
    try ranking.append(selectingFrom: [])
    #expect(Array(ranking.labels(ofRow: 0)) == [1, 3, 0, 4])
    #expect(Array(ranking.scores(ofRow: 0)) == [2, 2, 0.5, 0.5])
    #expect(Array(ranking.labels(ofRow: 1)) == [2, 0, 1])
    #expect(ranking.labels(ofRow: 2).isEmpty)
    #expect(ranking.rowCount == 3)
  }

  @Test func `negative zero ties with zero`() throws {
    var ranking = TopK(k: 2)
    try ranking.append(selectingFrom: [-1, -0.0, 0.0])
    #expect(ranking.labels == [1, 2])
  }

  @Test func `omits excluded labels`() throws {
    var ranking = TopK(k: 2)
    try ranking.append(selectingFrom: [5, 4, 3, 2], excluding: [0, 2])
    try ranking.append(selectingFrom: [5, 4], excluding: [0, 1])
    #expect(ranking.labels == [1, 3])
    #expect(ranking.rowOffsets == [0, 2, 2])
  }

  @Test func `ranks only the labels that are allowed`() throws {
    var ranking = TopK(k: 2)
    let allowed = [false, true, true, false, true]
    try ranking.append(selectingFrom: [5, 4, 3, 2, 1], among: allowed)
    try ranking.append(selectingFrom: [5, 4, 3, 2, 1], excluding: [1], among: allowed)
    #expect(ranking.labels == [1, 2, 2, 4])
    try ranking.append(selectingFrom: [5, 4], among: [false, false])
    #expect(ranking.labels(ofRow: 2).isEmpty)
  }

  @Test(arguments: [1, 2, 3, 7, 100, 300])
  func `agrees with a full sort`(k: Int) throws {
    var random = SplitMix64(UInt64(k))
    for round in 0..<40 {
      // Coarse scores tie often; rising and falling lists are the hard orders for a selection.
      var scores = (0..<250).map { _ in Float(random.below(round % 2 == 0 ? 12 : 10_000)) - 5 }
      if round % 5 == 3 { scores.sort() }
      if round % 5 == 4 { scores.sort(by: >) }
      var ranking = TopK(k: k)
      try ranking.append(selectingFrom: scores)
      let expected = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(k)
      #expect(ranking.labels == expected.map { Int32($0) })
      #expect(ranking.scores == expected.map { scores[$0] })
    }
  }

  @Test(arguments: [0, 1, 40, 99])
  func `rejects NaN scores at any position`(position: Int) throws {
    var scores = (0..<100).map { Float(-$0) }
    scores[position] = .nan
    var ranking = TopK(k: 3)
    try ranking.append(selectingFrom: [1])
    let error = #expect(throws: ValueError.self) { try ranking.append(selectingFrom: scores) }
    #expect(error?.reason == "the score of label \(position) in row 1 is not a number")
    #expect(ranking.rowCount == 1)
  }

  @Test func `accepts ranked rows and rejects unordered ones`() throws {
    var ranking = TopK(k: 3)
    try ranking.append(labels: [7, 2, 4], scores: [1, 0.5, 0.5])
    #expect(throws: ValueError.self) { try ranking.append(labels: [1, 2], scores: [0, 1]) }
    #expect(throws: ValueError.self) { try ranking.append(labels: [2, 1], scores: [1, 1]) }
    #expect(throws: ValueError.self) { try ranking.append(labels: [2, 2], scores: [1, 1]) }
    #expect(throws: ValueError.self) { try ranking.append(labels: [2], scores: [.nan]) }
    #expect(throws: ValueError.self) { try ranking.append(labels: [2], scores: []) }
    #expect(throws: ValueError.self) {
      try ranking.append(labels: [1, 2, 3, 4], scores: [4, 3, 2, 1])
    }
    #expect(ranking.labels == [7, 2, 4])
  }
}
