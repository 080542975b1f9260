import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models

@Suite struct WordVectorTests {
  private let folder: TemporaryFolder
  private let encoder: SentenceEncoder

  init() throws {
    folder = try TemporaryFolder()
    encoder = try SentenceEncoder(
      folder: TinyCheckpoint.write(
        to: folder.file("encoder"), words: ["one", "two", "##s", "three"]))
  }

  private struct Case: Decodable {
    var words: [[Int32]]
    var dimension: Int
    var outputs: GoldenTensor
    var vectors: GoldenTensor
  }

  @Test func `agrees with PCA of scikit-learn`() throws {
    for golden in try Golden<Case>("WordVectors").cases {
      let outputs = golden.outputs.tensor.converted(to: .float32)
      let pieces = SentenceEncoder.Pieces(
        words: golden.words, distinct: Array(0..<Int32(outputs.size(along: 0))))
      let result = try encoder.wordVectors(
        of: pieces, outputs: outputs, dimension: golden.dimension)
      #expect(result.places == Array(golden.words.indices))
      #expect(result.vectors.shape == golden.vectors.shape)
      for (value, expected) in zip(result.vectors.doubles(), golden.vectors.values) {
        expectClose(value, expected, tolerance: 1e-5)
      }
    }
  }

  @Test func `splits words and leaves out those with an unknown part`() throws {
    let pieces = try encoder.pieces(of: ["ones", "four", "three", "twos", "onex"])
    // [PAD], [UNK], [CLS], [SEP] and [MASK] come first.
    #expect(pieces.words == [[5, 7], [], [8], [6, 7], []])
    #expect(pieces.distinct == [5, 6, 7, 8])
    let outputs = Tensor.normal([4, 32], generator: Generator(seed: 1))
    let vectors = try encoder.wordVectors(of: pieces, outputs: outputs, dimension: 3)
    #expect(vectors.places == [0, 2, 3] && vectors.vectors.shape == [3, 3])
    let error = #expect(throws: InputError.self) {
      try encoder.wordVectors(
        of: encoder.pieces(of: ["four", "five"]), outputs: .zeros([0, 32]), dimension: 3)
    }
    #expect(error?.description.contains("can split none of the 2 words") == true)
  }

  @Test func `a piece's vector is the mean of the outputs around it`() throws {
    var blocks: [Tensor] = []
    try encoder.encode([6, 5]) { blocks.append($0) }
    // The folder has mean pooling and does not normalise: the embedding of a text of one piece.
    let texts = try encoder.embeddings(of: ["two", "one"])
    expectClose(Tensor.concatenated(blocks), texts, tolerance: 1e-5)
  }

  @Test func `vectors that are not finite are refused`() throws {
    let pieces = try encoder.pieces(of: ["one", "two"])
    let error = #expect(throws: InputError.self) {
      try encoder.wordVectors(
        of: pieces, outputs: Tensor([1, .nan, 0, 1] as [Float], shape: [2, 2]), dimension: 2)
    }
    #expect(error?.description.contains("not finite") == true)
  }
}
