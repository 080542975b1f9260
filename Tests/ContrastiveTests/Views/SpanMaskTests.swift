import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SpanMaskTests {
  @Test func `masks spans of the given share`() {
    let rows = [[Int]](repeating: Array(0..<200), count: 50)
    let view = SpanMask(replacement: 200)(
      CSRMatrix(rows: rows, columnCount: 201), generator: Generator(seed: 2))
    var (hidden, beginnings) = (0, 0)
    for row in tokens(view) {
      let places = row.indices.filter { row[$0] == 200 }
      #expect(places.count <= 30)
      hidden += places.count
      beginnings += places.filter { $0 == 0 || row[$0 - 1] != 200 }.count
    }
    #expect(hidden > 50 * 29)
    // 30 hidden tokens in stretches of 3.8 on average: far fewer beginnings than tokens.
    #expect(beginnings > 50 * 5 && beginnings < 50 * 12, "\(beginnings)")
  }

  @Test func `always keeps one token`() {
    let text = CSRMatrix(rows: [[1], [2, 3], []], columnCount: 4)
    let view = SpanMask(share: 1)(text, generator: Generator(seed: 1))
    #expect(tokens(view).map(\.count) == [1, 1, 0])
  }

  @Test func `traps on a replacement outside the columns`() async {
    await #expect(processExitsWith: .failure) {
      _ = SpanMask(replacement: 4)(
        CSRMatrix(rows: [[0]], columnCount: 4), generator: Generator(seed: 1))
    }
  }
}
