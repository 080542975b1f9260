import Storage
import TestSupport
import Testing

@Suite struct CSRMatrixTests {
  private let matrix = CSRMatrix(
    rowOffsets: MappedArray([0, 2, 2, 5]), columns: MappedArray([3, 0, 1, 2, 3]),
    values: MappedArray([1, 2, 3, 4, 5]), columnCount: 4)

  @Test func `selecting keeps order and repeats`() {
    let rows = matrix.selecting(rows: [2, 1, 2, 0])
    #expect(Array(rows.rowOffsets) == [0, 3, 3, 6, 8])
    #expect(Array(rows.columns) == [1, 2, 3, 1, 2, 3, 3, 0])
    #expect(rows.values.map(Array.init) == [3, 4, 5, 3, 4, 5, 1, 2])
  }

  @Test func `selecting columns numbers them anew`() {
    let kept = matrix.selecting(columns: [1, 3])
    #expect(Array(kept.rowOffsets) == [0, 1, 1, 3] && kept.columnCount == 2)
    #expect(Array(kept.columns) == [1, 0, 1])
    #expect(kept.values.map(Array.init) == [1, 3, 5])
    #expect(matrix.selecting(columns: Array(0..<4), keepingLengths: true) == matrix)
    let scaled = matrix.selecting(columns: [2, 3], keepingLengths: true)
    #expect(Array(scaled.columns) == [1, 0, 1])
    let factor = Float((50.0 / 41).squareRoot())
    #expect(scaled.values.map(Array.init) == [Float(5.0.squareRoot()), 4 * factor, 5 * factor])
  }

  @Test func `transposing twice sorts columns`() {
    let once = matrix.transposed()
    #expect(Array(once.rowOffsets) == [0, 1, 2, 3, 5])
    #expect(Array(once.columns) == [0, 2, 2, 0, 2])
    #expect(once.values.map(Array.init) == [2, 3, 4, 1, 5])
    let twice = once.transposed()
    #expect(Array(twice.columns) == [0, 3, 1, 2, 3])
    #expect(twice.columnCount == 4)
  }

  @Test func `stacking shifts offsets`() {
    let both = matrix.stacked(over: matrix.selecting(rows: [0]))
    #expect(Array(both.rowOffsets) == [0, 2, 2, 5, 7])
    #expect(Array(both.columns) == [3, 0, 1, 2, 3, 3, 0])
  }

  @Test func `dropout keeps the expected sum and depends only on the seed`() {
    let wide = CSRMatrix(rows: [Array(0..<20_000)], columnCount: 20_000)
    var first = SplitMix64(1, 2)
    var again = SplitMix64(1, 2)
    var other = SplitMix64(1, 3)
    let a = wide.selecting(rows: [0], droppingEntriesWith: 0.3, using: &first)
    #expect(a == wide.selecting(rows: [0], droppingEntriesWith: 0.3, using: &again))
    #expect(a != wide.selecting(rows: [0], droppingEntriesWith: 0.3, using: &other))
    let sum = a.values!.reduce(0) { $0 + Double($1) }
    // Six standard deviations of a sum of 20,000 such draws.
    #expect(abs(sum - 20_000) < 6 * (20_000 * 0.3 / 0.7).squareRoot())
    #expect(a.values![0] == Float(1 / 0.7))
  }

  @Test func `validation names the fault`() throws {
    func fault(_ offsets: [Int64], _ columns: [Int32], _ values: [Float]? = nil) -> String? {
      let matrix = CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
        values: values.map { MappedArray($0) }, columnCount: 3)
      do {
        _ = try matrix.validated(file: "m")
        return nil
      } catch { return "\(error)" }
    }
    #expect(fault([0, 1, 2], [0, 2]) == nil)
    #expect(fault([0, 1, 2], [0, 3]) == "m: entry 1 has column 3; expected 0 ..< 3")
    #expect(fault([0, 1, 2], [-1, 0]) == "m: entry 0 has column -1; expected 0 ..< 3")
    #expect(fault([0, 2, 1, 2], [0, 1]) == "m: the offsets decrease after row 1")
    #expect(fault([0, 1], [0, 1]) == "m: the row offsets do not cover the 2 entries")
    #expect(
      fault([0, 1], [0], [1, 2]) == "m: 2 values for 1 columns; expected one value per column")
  }
}
