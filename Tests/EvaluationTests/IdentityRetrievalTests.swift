import Evaluation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct IdentityRetrievalTests {
  private struct Case: Decodable {
    var queries: [[Double]]
    var identities: [Int]
    var cameras: [Int]
    var gallery: [[Double]]
    var galleryIdentities: [Int]
    var galleryCameras: [Int]
    var cumulativeMatches: [Double]
    var meanAveragePrecision: Double
    var used: Int
  }

  @Test func `agrees with the definition and torchreid`() throws {
    let cases = try Golden<Case>("IdentityRetrieval").cases
    #expect(cases.count == 2)
    for example in cases {
      let result = try IdentityRetrieval(depth: 5)(
        queries: .init(
          embeddings: Tensor(rows: example.queries), identities: example.identities,
          cameras: example.cameras),
        gallery: .init(
          embeddings: Tensor(rows: example.gallery), identities: example.galleryIdentities,
          cameras: example.galleryCameras))
      expectClose(result.cumulativeMatches, example.cumulativeMatches, "CMC")
      expectClose(result.meanAveragePrecision, example.meanAveragePrecision, "mAP")
      #expect(result.queries == example.used)
      #expect(result.queries + result.queriesWithoutMatch == example.queries.count)
    }
  }

  @Test func `ignores pictures from the same camera`() throws {
    // The nearest picture of person 4 is from the query's own camera, the next is a stranger.
    let gallery = Tensor(rows: [[1.0], [2], [3]])
    func result(camera: [Int]?, _ others: [Int]?) throws -> IdentityRetrieval.Result {
      try IdentityRetrieval(depth: 3, similarity: .euclidean)(
        queries: .init(embeddings: Tensor(rows: [[0.0]]), identities: [4], cameras: camera),
        gallery: .init(embeddings: gallery, identities: [4, 9, 4], cameras: others))
    }
    let filtered = try result(camera: [1], [1, 1, 2])
    #expect(filtered.cumulativeMatches == [0, 1, 1])
    expectClose(filtered.meanAveragePrecision, 0.5)
    let open = try result(camera: nil, nil)
    #expect(open.cumulativeMatches == [1, 1, 1])
    expectClose(open.meanAveragePrecision, (1 + 2.0 / 3) / 2)
    let alone = try result(camera: [1], [1, 1, 1])
    #expect(alone.queriesWithoutMatch == 1 && alone.cumulativeMatches == [0, 0, 0])
  }

  @Test func `rejects mismatched pictures`() throws {
    let one = IdentityRetrieval.Pictures(embeddings: .ones([1, 2]), identities: [0], cameras: [0])
    var other = one
    other.cameras = nil
    #expect(throws: ValueError.self) { try IdentityRetrieval()(queries: one, gallery: other) }
    other.cameras = [0, 1]
    #expect(throws: ValueError.self) { try IdentityRetrieval()(queries: one, gallery: other) }
    other = IdentityRetrieval.Pictures(embeddings: .ones([1, 3]), identities: [0], cameras: [0])
    #expect(throws: ValueError.self) { try IdentityRetrieval()(queries: one, gallery: other) }
  }
}
