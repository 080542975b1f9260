import Foundation
import Retrieval
import Storage
import TestSupport
import Testing
import Torch

@Suite struct VectorStoreTests {
  private static let sample = VectorCase.clustered(
    40, dimension: 9, centres: 3, queries: 6, seed: 4)

  private func read(_ numbers: [Float], as scalar: VectorScalar) throws -> [Float] {
    var store = VectorStore(dimension: numbers.count, scalar: scalar)
    try store.add(Tensor(numbers, shape: [1, numbers.count]), ids: ["a"])
    return store.vector(ofRow: 0)
  }

  /// Expected by hand: s = 12.7 / 127 = 0.1; −0.25 / 0.1 = −2.5 lies between, the even one counts.
  @Test func `int8 rounds to the nearest step`() throws {
    expectClose(
      try read([12.7, -0.25, 0.06, 0.04, -12.7], as: .int8).map { Double($0) },
      [12.7, -0.2, 0.1, 0, -12.7], tolerance: 1e-6)
    #expect(try read([0, 0, 0], as: .int8) == [0, 0, 0])
  }

  /// Expected from NumPy 2.4: `np.float32([...]).astype(np.float16).astype(np.float32)`.
  @Test func `float16 agrees with IEEE 754`() throws {
    #expect(
      try read(
        [1, 0.1, 1.00048828125, 1.00146484375, 65504, 6e-8, 2e-8, -1e-5, 3.14159265], as: .float16)
        == [
          1, 0.0999755859375, 1, 1.001953125, 65504, 5.9604645e-08, 0, -1.001358e-05, 3.140625,
        ])
  }

  @Test(arguments: VectorScalar.allCases)
  func `round-trips through a file`(scalar: VectorScalar) throws {
    let folder = try TemporaryFolder()
    var store = try Self.sample.store(scalar, scoreScale: 4)
    store.note = ["of": "labels"]
    try store.remove(ids: ["row 3", "row 39"])
    try store.write(to: folder.file("a.index"))
    let opened = try VectorStore(path: folder.file("a.index"))
    #expect(opened.isMapped && opened.note == ["of": "labels"] && opened.scoreScale == 4)
    #expect(opened.rowCount == 40 && opened.count == 38 && opened.scalar == scalar)
    for row in 0..<40 {
      #expect(opened.vector(ofRow: row) == store.vector(ofRow: row))
      #expect(opened.id(ofRow: row) == store.id(ofRow: row))
      #expect(opened.isRemoved(row) == [3, 39].contains(row))
    }
    let queries = Self.sample.queryTensor
    #expect(try ExactSearch(opened)(queries, k: 9) == ExactSearch(store)(queries, k: 9))
    #expect(try folder.names() == ["a.index"])
  }

  /// Programs without texts read version 1.
  @Test func `texts are in a file of version 2`() throws {
    let folder = try TemporaryFolder()
    var store = try Self.sample.store()
    try store.write(to: folder.file("plain.index"))
    #expect(try contents(folder.file("plain.index"))[8] == 1)
    #expect(!store.hasTexts && store.text(ofRow: 0) == nil)
    let vectors = Tensor([Float](repeating: 0.5, count: 18), shape: [2, 9])
    try store.add(vectors, ids: ["x", "y"], texts: ["an ex\n", ""])
    try store.update(vectors, ids: ["row 1", "row 2"])
    try store.update(vectors[0..<1], ids: ["row 3"], texts: ["three"])
    try store.remove(ids: ["row 0"])
    try store.write(to: folder.file("texts.index"))
    #expect(try contents(folder.file("texts.index"))[8] == 2)
    let opened = try VectorStore(path: folder.file("texts.index"))
    for found in [
      store, opened, try VectorStore(path: folder.file("texts.index"), verifying: false),
    ] {
      #expect(found.hasTexts && found.rowCount == 45)
      #expect(found.text(ofRow: 0) == nil && found.text(ofRow: 40) == "an ex\n")
      #expect((41..<44).allSatisfy { found.text(ofRow: $0) == nil })
      #expect(found.text(ofRow: 44) == "three")
    }
    let compacted = opened.compacted()
    #expect(compacted.rowCount == 41 && compacted.text(ofRow: 40) == "three")
    #expect(throws: ValueError.self) { try store.add(vectors, ids: ["p", "q"], texts: ["one"]) }
  }

  @Test func `rejects damaged texts`() throws {
    let folder = try TemporaryFolder()
    var store = VectorStore(dimension: 1)
    try store.add(Tensor([Float]([1]), shape: [1, 1]), ids: ["x"], texts: ["the text of x"])
    try store.write(to: folder.file("a.index"))
    var bytes = try contents(folder.file("a.index"))
    let place = try #require(bytes.firstRange(of: Data("the text".utf8))?.lowerBound)
    bytes[place] ^= 1
    try folder.write(bytes, to: "a.index")
    let error = #expect(throws: InputError.self) {
      try VectorStore(path: folder.file("a.index"))
    }
    #expect(error?.reason.contains("checksum of the texts") == true)
  }

  @Test func `changes apply in memory and leave the file alone`() throws {
    let folder = try TemporaryFolder()
    try Self.sample.store().write(to: folder.file("a.index"))
    var store = try VectorStore(path: folder.file("a.index"))
    let other = store
    try store.update(Tensor([Float](repeating: 9, count: 9), shape: [1, 9]), ids: ["row 5"])
    #expect(!store.isMapped && store.count == 40 && store.rowCount == 41 && store.isRemoved(5))
    #expect(store.vector(ofRow: 40) == [Float](repeating: 9, count: 9))
    #expect(other.isMapped && other.rowCount == 40 && !other.isRemoved(5))
    let small = store.compacted()
    #expect(small.rowCount == 40 && small.id(ofRow: 39) == "row 5" && small.id(ofRow: 5) == "row 6")
    #expect(try VectorStore(path: folder.file("a.index")).rowCount == 40)
  }

  @Test func `rejects rows it cannot store`() throws {
    var store = try Self.sample.store(.float16)
    func expect(_ words: String, _ body: (inout VectorStore) throws -> Void) {
      let error = #expect(throws: ValueError.self) { try body(&store) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
      #expect(store.rowCount == 40 && store.count == 40)
    }
    let row = Tensor.zeros([1, 9])
    expect("“row 7” exists already") { try $0.add(row, ids: ["row 7"]) }
    expect("“x” exists already") { try $0.add(Tensor.zeros([2, 9]), ids: ["x", "x"]) }
    expect("there is no “x”") { try $0.remove(ids: ["row 1", "x"]) }
    expect("shape [1, 9]") { try $0.add(row, ids: ["x", "y"]) }
    expect("not finite or too large for float16") { try $0.add(row + 70_000, ids: ["x"]) }
    expect("not finite") { try $0.add(row + .nan, ids: ["x"]) }
    expect("not finite") { try $0.add(row, ids: ["x"], biases: Tensor([Float.infinity])) }
  }

  /// Whatever byte is changed, the file is refused.
  @Test func `rejects a file with any changed byte`() throws {
    let folder = try TemporaryFolder()
    var store = try VectorCase.coarse(5, dimension: 3, queries: 1, seed: 6).store(.int8)
    store.note = ["of": "labels"]
    try store.write(to: folder.file("a.index"))
    let bytes = try Data(contentsOf: URL(filePath: folder.file("a.index")))
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0x10
      try folder.write(damaged, to: "b.index")
      #expect(throws: InputError.self, "byte \(place)") {
        _ = try VectorStore(path: folder.file("b.index"))
      }
    }
    for count in [0, 7, 255, 256, bytes.count - 64, bytes.count - 1] {
      try folder.write(bytes.prefix(count), to: "b.index")
      #expect(throws: InputError.self, "\(count) bytes") {
        _ = try VectorStore(path: folder.file("b.index"))
      }
    }
    try folder.write(bytes + [0], to: "b.index")
    #expect(throws: InputError.self) { _ = try VectorStore(path: folder.file("b.index")) }
    #expect(throws: FileError.self) { _ = try VectorStore(path: folder.file("none")) }
  }

  /// Leftovers of a killed or failed writer do not touch the old file.
  @Test func `an unfinished write keeps the old file`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.index")
    try Self.sample.store().write(to: path)
    let old = try Data(contentsOf: URL(filePath: path))
    try folder.write(old.prefix(300), to: "a.index.partial-1-1")
    do {
      let file = try AtomicFile(path: path)
      try file.write("half")
    }
    #expect(try Data(contentsOf: URL(filePath: path)) == old)
    #expect(try VectorStore(path: path).count == 40)
  }
}
