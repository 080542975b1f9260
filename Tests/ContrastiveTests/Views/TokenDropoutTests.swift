import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct TokenDropoutTests {
  @Test func `a kept token keeps its value`() throws {
    for one in try Golden<TextViewCase<TokenDropout>>("TokenDropout").cases {
      let view = one.options(one.texts, generator: Generator(seed: one.seed))
      // The value is the place in the text.
      for row in 0..<view.rowCount {
        for entry in view.entries(ofRow: row) {
          let place = try #require(view.values.map { Int($0[entry]) })
          #expect(one.rows[row][place] == Int(view.columns[entry]))
        }
      }
    }
  }

  @Test func `drops the given share of tokens`() {
    let text = CSRMatrix(rows: [Array(0..<4000)], columnCount: 4000)
    let view = TokenDropout()(text, generator: Generator(seed: 1))
    #expect(view.values == nil)
    #expect(abs(Double(view.entryCount) / 4000 - 0.7) < 0.03)
    #expect(TokenDropout(probability: 1)(text, generator: Generator(seed: 1)).entryCount == 1)
  }

  @Test func `traps on probability above 1`() async {
    await #expect(processExitsWith: .failure) {
      _ = TokenDropout(probability: 1.5)(
        CSRMatrix(rows: [[0]], columnCount: 1), generator: Generator(seed: 1))
    }
  }
}
