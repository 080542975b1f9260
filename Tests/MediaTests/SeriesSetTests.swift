import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Media

@Suite struct SeriesSetTests {
  private static let head = """
    # A comment
    @problemName Small
    @timeStamps false
    @missing false

    @classLabel true up down
    @data

    """

  private func read(_ lines: String, head: String = head) throws -> SeriesSet {
    let folder = try TemporaryFolder()
    return try SeriesSet(ts: folder.write(head + lines, to: "f.ts"))
  }

  @Test func `reads series of equal length`() throws {
    for text in ["1,-2.5,3:up\n4,5,6e-1:down\n", "1,-2.5,3:up \r\n4, 5,6e-1:down\r\n\r\n"] {
      let set = try read(text)
      #expect(set.values.shape == [2, 1, 3])
      #expect(set.values.array(of: Float.self) == [1, -2.5, 3, 4, 5, 0.6])
      #expect(set.classes == [0, 1] && set.classNames == ["up", "down"])
      #expect(set.lengths == [3, 3])
    }
  }

  @Test func `pads shorter series with zeros`() throws {
    let set = try read("1,2:3,4:down\n5:6:down\n")
    #expect(set.values.shape == [2, 2, 2])
    #expect(set.values.array(of: Float.self) == [1, 2, 3, 4, 5, 0, 6, 0])
    #expect(set.lengths == [2, 1] && set.count == 2)
  }

  @Test(
    arguments: [
      ("1,2\n", 8, nil, "no class"), ("1,2:left\n", 8, 5, "'left'"), ("1,?:up\n", 8, 3, "'?'"),
      ("1,:up\n", 8, 3, "':'"), ("1 2:up\n", 8, 2, "0x20"), ("1,1e99:up\n", 8, 3, "too large"),
      ("1,2:3:up\n", 8, nil, "[2, 1]"), ("1:up\n1:2:up\n", 9, nil, "2 channels"),
      (":up\n", 8, 1, "':'"), ("", nil, nil, "no series"),
    ] as [(String, Int?, Int?, String)])
  func `rejects malformed series with their position`(
    text: String, line: Int?, column: Int?, words: String
  ) throws {
    let error = #expect(throws: InputError.self) { try read(text) }
    #expect(error?.line == line && error?.column == column, "\(error?.description ?? "")")
    #expect(error?.reason.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `one long series among short ones needs a higher limit`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(
      Self.head + "1,2,3,4:up\n" + String(repeating: "1:down\n", count: 9), to: "f.ts")
    let error = #expect(throws: InputError.self) { try SeriesSet(ts: path, valueLimit: 39) }
    #expect(error?.expected?.contains("valueLimit") == true, "\(error?.description ?? "")")
    #expect(try SeriesSet(ts: path, valueLimit: 40).values.shape == [10, 1, 4])
  }

  @Test func `rejects unsupported headers`() throws {
    for head in [
      "@timeStamps true\n", "@classLabel false\n", "@missing true\n", "1,2:up\n", "@data\n1:up\n",
    ] {
      #expect(throws: InputError.self, "\(head)") { try read("", head: head) }
    }
  }
}
