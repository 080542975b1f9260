import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Datasets
@testable import Media

@Suite struct ImageSetTests {
  @Test func `reads the MNIST format`() throws {
    let folder = try TemporaryFolder()
    let images = try folder.write(
      Data([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 40, 50, 255]), to: "images")
    let labels = try folder.write(Data([0, 0, 8, 1, 0, 0, 0, 2, 4, 1]), to: "labels")
    let set = try ImageSet(idxImages: images, labels: labels)
    #expect(set.pixels.shape == [2, 1, 1, 3])
    #expect(set.pixels.array(of: UInt8.self) == [1, 2, 3, 40, 50, 255])
    #expect(set.classes == [4, 1])
    #expect(set.classNames == ["0", "1", "2", "3", "4"])
    expectClose(set.batch([1]).doubles(), [40 / 255, 50 / 255, 1], tolerance: 1e-7)
    #expect(set.batch([1, 0]).shape == [2, 1, 1, 3])
    #expect(set.selecting(rows: [1]).classes == [1])

    let few = try folder.write(Data([0, 0, 8, 1, 0, 0, 0, 1, 4]), to: "few")
    #expect(throws: InputError.self) { try ImageSet(idxImages: images, labels: few) }
    let error = #expect(throws: InputError.self) {
      try ImageSet(idxImages: images, labels: labels, classNames: ["a", "b"])
    }
    #expect(error?.reason == "byte 8: the class 4")
    #expect(throws: InputError.self) { try ImageSet(idxImages: labels, labels: images) }
  }

  @Test func `rejects a damaged IDX file`() throws {
    let folder = try TemporaryFolder()
    for (content, words) in [
      ([0, 0, 8], "byte 3: the file ends"), ([0, 0, 8, 1, 0, 0, 0, 2, 1], "byte 8: 1 bytes"),
      ([0, 0, 13, 1, 0, 0, 0, 1, 1], "the first number is 3329"),
      ([0, 0, 8, 1, 255, 255, 255, 255, 1], "byte 8: 1 bytes"),
    ] as [([UInt8], String)] {
      let path = try folder.write(Data(content), to: "file")
      let error = #expect(throws: InputError.self) { try IDXFile(path: path, axes: 1) }
      #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
  }

  /// 2²² × 2²¹ × 2²¹ elements are 2⁶⁴, which wraps around to none.
  @Test func `rejects a shape whose product overflows`() throws {
    let folder = try TemporaryFolder()
    let shapes: [[UInt8]] = [
      [0, 64, 0, 0, 0, 32, 0, 0, 0, 32, 0, 0],
      [0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
    ]
    for shape in shapes {
      let path = try folder.write(Data([0, 0, 8, 3] + shape), to: "file")
      let error = #expect(throws: InputError.self) { try IDXFile(path: path, axes: 3) }
      #expect(error?.reason.contains("overflows") == true, "\(error?.reason ?? "")")
    }
  }

  @Test(.enabled(if: Subprocess.path(of: "gzip") != nil, "there is no gzip"))
  func `reads gzip files`() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data([0, 0, 8, 1, 0, 0, 0, 2, 4, 1]), to: "labels")
    let gzip = try #require(Subprocess.path(of: "gzip"))
    #expect(try Subprocess(path: gzip, arguments: [path]).run().status == 0)
    #expect(try IDXFile(path: path + ".gz", axes: 1).elements.doubles() == [4, 1])
  }
}
