import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct CSRFileTests {
  static let plain = CSRMatrix(rows: [[3, 0], [], [1], [4, 2, 0]], columnCount: 5)
  static let weighted = CSRMatrix(
    rowOffsets: MappedArray([0, 1, 1, 3]), columns: MappedArray([2, 0, 1]),
    values: MappedArray([0.5, -1, 3.25]), columnCount: 3)

  @Test(arguments: [plain, weighted, CSRMatrix(rows: [[Int]](), columnCount: 0)])
  func `round-trips through a file`(matrix: CSRMatrix) throws {
    let folder = try TemporaryFolder()
    try CSRFile.write(matrix, to: folder.file("m.csr"))
    #expect(try CSRFile.read(folder.file("m.csr")) == matrix)
    #expect(try folder.names() == ["m.csr"])
  }

  @Test func `rejects every flipped byte and every truncation`() throws {
    let folder = try TemporaryFolder()
    try CSRFile.write(Self.weighted, to: folder.file("m.csr"))
    let good = try Data(contentsOf: URL(fileURLWithPath: folder.file("m.csr")))
    for position in 0..<good.count {
      var bad = good
      bad[position] ^= 0x10
      let path = try folder.write(bad, to: "bad.csr")
      #expect(throws: InputError.self, "byte \(position)") { try CSRFile.read(path) }
    }
    for length in 0..<good.count {
      let path = try folder.write(good.prefix(length), to: "bad.csr")
      #expect(throws: InputError.self, "length \(length)") { try CSRFile.read(path) }
    }
    let longer = try folder.write(good + Data(count: 8), to: "bad.csr")
    #expect(throws: InputError.self) { try CSRFile.read(longer) }
  }

  /// Writes a header whose checksums are right, so that only the counts can be refused.
  private func forged(rows: UInt64, columns: UInt64, entries: UInt64, payload: [UInt64]) -> Data {
    var bytes = Data("DecntCSR".utf8)
    func append(_ word: UInt64) { withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) } }
    append(1)
    append(rows)
    append(columns)
    append(entries)
    append(payload.withUnsafeBytes { XXHash64.hash($0) })
    append(bytes.withUnsafeBytes { XXHash64.hash($0) })
    append(0)
    payload.forEach(append)
    return bytes
  }

  @Test(arguments: [
    (UInt64.max, UInt64(1), UInt64(0)), (1 << 61, 1, 0), (1 << 47, 1, 1 << 47), (1, 1, 1 << 62),
    (1, 1, .max), (1, 1 << 40, 0), (1, .max, 0), (2, 1, 0), (0, 1, 2),
  ])
  func `rejects counts that overflow`(rows: UInt64, columns: UInt64, entries: UInt64) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      forged(rows: rows, columns: columns, entries: entries, payload: [0, 0]), to: "m.csr")
    #expect(throws: InputError.self) { try CSRFile.read(path) }
  }

  @Test func `rejects inconsistent offsets and columns`() throws {
    let folder = try TemporaryFolder()
    let cases: [(String, Data)] = [
      ("good", forged(rows: 2, columns: 3, entries: 2, payload: [0, 1, 2, 0x2_0000_0001])),
      ("offsets decrease", forged(rows: 2, columns: 3, entries: 2, payload: [0, 3, 2, 0])),
      ("offsets end early", forged(rows: 2, columns: 3, entries: 2, payload: [0, 1, 1, 0])),
      ("first offset", forged(rows: 2, columns: 3, entries: 2, payload: [1, 1, 2, 0])),
      ("column", forged(rows: 2, columns: 3, entries: 2, payload: [0, 1, 2, 0x3_0000_0000])),
      ("negative", forged(rows: 2, columns: 3, entries: 2, payload: [0, 1, 2, 0xFFFF_FFFF])),
    ]
    for (name, bytes) in cases {
      let path = try folder.write(bytes, to: "m.csr")
      if name == "good" {
        #expect(try CSRFile.read(path).columns.elementsEqual([1, 2]))
      } else {
        #expect(throws: InputError.self, "\(name)") { try CSRFile.read(path) }
      }
    }
  }

  @Test func `throws FileError for missing files and folders`() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileError.self) { try CSRFile.read(folder.file("none")) }
    #expect(throws: FileError.self) {
      try CSRFile.write(Self.plain, to: folder.file("no/such/folder"))
    }
  }
}
