import Storage
import Testing

@testable import Datasets

@Suite struct FeaturesNamedTests {
  private let names = ["red", "green", "blue", "green", "rare"]

  private func matrix(_ rows: [[(Int, Float)]]) -> CSRMatrix {
    var offsets: [Int64] = [0]
    for row in rows { offsets.append(offsets[offsets.count - 1] + Int64(row.count)) }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(rows.joined().map { Int32($0.0) }),
      values: MappedArray(rows.joined().map(\.1)), columnCount: names.count)
  }

  @Test func `keeps weight proportions and scales rows to unit length`() throws {
    let training = matrix([
      [(0, 3), (1, 4)], [(0, 1), (3, 1)], [(0, 1), (2, 1)], [(2, 1), (4, 1)],
    ])
    let features = try TextFeatures(learningFrom: training, names: names)
    #expect(Array(features.vocabulary.documentFrequencies) == [3, 2, 2])
    let red = try #require(
      features.vocabulary.row(of: FeatureHash.feature(XXHash64.hash("red"), in: FeatureHash.named)))
    let green = try #require(
      features.vocabulary.row(
        of: FeatureHash.feature(XXHash64.hash("green"), in: FeatureHash.named)))
    #expect(red == 0)

    // Both columns called green are one feature: 1 + 3 = 4.
    let bags = try features.bags(
      of: matrix([[(3, 1), (0, 3), (1, 3)], [(4, 9)], [(1, 2), (3, -2), (0, -5)]]), names: names)
    let values = try #require(bags.values)
    #expect(bags.columns(ofRow: 0).map(Int.init) == [red, green])
    #expect(abs(values[0] - 0.6) < 1e-6 && abs(values[1] - 0.8) < 1e-6)
    #expect(bags.entries(ofRow: 1).isEmpty)
    #expect(bags.columns(ofRow: 2).map(Int.init) == [red] && values[2] == -1)
  }

  @Test func `entries without values weigh 1`() throws {
    let rows = CSRMatrix(rows: [[0, 1], [0, 1]], columnCount: 2)
    let features = try TextFeatures(learningFrom: rows, names: ["a", "b"])
    let values = try #require(features.bags(of: rows, names: ["a", "b"]).values)
    #expect(values.allSatisfy { abs($0 - Float(0.5).squareRoot()) < 1e-6 } && values.count == 4)
  }

  @Test func `rejects mismatched names and non-finite weights`() throws {
    let rows = matrix([[(0, 1)], [(0, 1)]])
    let features = try TextFeatures(learningFrom: rows, names: names)
    #expect(throws: ValueError.self) { try features.bags(of: rows, names: ["red"]) }
    #expect(throws: ValueError.self) { try TextFeatures(learningFrom: rows, names: ["red"]) }
    for weight in [Float.nan, .infinity] {
      #expect(throws: ValueError.self) {
        try features.bags(of: matrix([[(0, weight)]]), names: names)
      }
    }
  }
}
