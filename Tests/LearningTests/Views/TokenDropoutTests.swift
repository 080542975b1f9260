import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct TokenDropoutTests {
  @Test func agreesWithPython() throws {
    for one in try Golden<TextViewCase<TokenDropout>>("TokenDropout", testFile: learningTests).cases
    {
      let view = one.options(one.texts, generator: Generator(seed: one.seed))
      #expect(tokens(view) == one.value)
      #expect(view.columnCount == one.columns)
      // A token keeps its value, which is its place in the text.
      for row in 0..<view.rowCount {
        for entry in view.entries(ofRow: row) {
          let place = try #require(view.values.map { Int($0[entry]) })
          #expect(one.rows[row][place] == Int(view.columns[entry]))
        }
      }
      #expect(
        try JSONDecoder().decode(TokenDropout.self, from: JSONEncoder().encode(one.options))
          == one.options)
    }
  }

  @Test func dropsTheShareThatWasAskedFor() {
    let text = CSRMatrix(rows: [Array(0..<4000)], columnCount: 4000)
    let view = TokenDropout()(text, generator: Generator(seed: 1))
    #expect(view.values == nil)
    #expect(abs(Double(view.entryCount) / 4000 - 0.7) < 0.03)
    #expect(TokenDropout(probability: 0)(text, generator: Generator(seed: 1)) == text)
    #expect(TokenDropout(probability: 1)(text, generator: Generator(seed: 1)).entryCount == 1)
  }

  @Test func refusesAProbabilityAboveOne() async {
    await #expect(processExitsWith: .failure) {
      _ = TokenDropout(probability: 1.5)(
        CSRMatrix(rows: [[0]], columnCount: 1), generator: Generator(seed: 1))
    }
  }
}
