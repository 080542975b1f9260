import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct CSRSpoolTests {
  private static let rows: [(columns: [Int32], values: [Float])] = (0..<200).map { row in
    let columns = (0..<row % 5).map { Int32(($0 * 7 + row) % 40) }
    return (columns, columns.map { Float($0) / 3 })
  }

  private func spool(inMemory limit: Int) throws -> CSRMatrix {
    var spool = CSRSpool(inMemory: limit)
    for row in Self.rows.prefix(100) { spool.append(columns: row.columns, values: row.values) }
    let part = Self.rows.suffix(100)
    spool.append(
      lengths: part.map(\.columns.count), columns: part.flatMap(\.columns),
      values: part.flatMap(\.values))
    #expect(
      spool.rowCount == 200 && spool.entryCount == Self.rows.reduce(0) { $0 + $1.columns.count })
    return try spool.matrix(columnCount: 40)
  }

  @Test(arguments: [1, 3, 64, 1 << 20])
  func `holds the same rows in memory and in files`(limit: Int) throws {
    let matrix = try spool(inMemory: limit).validated()
    #expect(matrix.rowCount == 200 && matrix.columnCount == 40)
    for (index, row) in Self.rows.enumerated() {
      #expect(Array(matrix.columns(ofRow: index)) == row.columns)
      #expect(matrix.values.map { Array($0.rows(matrix.entries(ofRow: index))) } == row.values)
    }
  }

  @Test func `a matrix without rows is empty`() throws {
    let matrix = try CSRSpool().matrix(columnCount: 3).validated()
    #expect(matrix.rowCount == 0 && matrix.entryCount == 0 && matrix.columnCount == 3)
  }

  @Test(arguments: [0, 1, 2, 200])
  func `a spooled matrix survives its file`(count: Int) throws {
    let folder = try TemporaryFolder()
    let matrix = try spool(inMemory: 8).selecting(rows: 0..<count)
    try CSRFile.write(matrix, to: folder.file("matrix.csr"))
    #expect(try CSRFile.read(folder.file("matrix.csr")) == matrix)
    let whole = try spool(inMemory: 8)
    try CSRFile.write(whole, to: folder.file("whole.csr"))
    #expect(try CSRFile.read(folder.file("whole.csr")) == whole)
  }

  @Test func `bags of texts are the same in temporary files`() throws {
    let texts = SmallDataset().rows.map(\.text)
    let features = try TextFeatures(learningFrom: texts)
    for threads in 1...3 {
      #expect(try features.spooledBags(of: texts, threads: threads) == features.bags(of: texts))
    }
    #expect(try features.spooledBags(of: [String](), threads: 2).rowCount == 0)
  }
}
