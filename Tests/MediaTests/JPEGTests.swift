import Datasets
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Media

@Suite struct JPEGTests {
  private struct Case: Decodable {
    struct Picture: Decodable {
      let name: String
      let width: Int
      let height: Int
      let channels: Int
      let file: String
      let pixels: [UInt8]
    }
    let pictures: [Picture]
    let printing: String
  }

  private static func golden() throws -> Case {
    try #require(try Golden<Case>("JPEGPictures").cases.first)
  }

  private static func decode(_ file: [UInt8]) throws -> RasterImage {
    try RasterImage(file, file: "x.jpg")
  }

  @Test func `agrees with libjpeg`() throws {
    for picture in try Self.golden().pictures {
      let image = try Self.decode(bytes(picture.file))
      #expect(image.width == picture.width && image.height == picture.height, "\(picture.name)")
      #expect(image.channels == picture.channels, "\(picture.name)")
      let errors = zip(image.pixels, picture.pixels).map { abs(Int($0) - Int($1)) }
      #expect(errors.count == picture.pixels.count)
      // Versions of libjpeg differ in how they round.
      #expect((errors.max() ?? 0) <= 3, "\(picture.name)")
      #expect(Double(errors.reduce(0, +)) / Double(errors.count) < 0.1, "\(picture.name)")
    }
  }

  @Test func `a damaged picture never crashes the reader`() throws {
    for picture in try Self.golden().pictures {
      let file = bytes(picture.file)
      for place in stride(from: 0, to: file.count, by: 9) {
        var damaged = file
        damaged[place] ^= 0x5A
        // A bit of a scan may change into another picture.
        do { _ = try Self.decode(damaged) } catch { #expect(error is InputError) }
        #expect(throws: InputError.self) { try Self.decode(Array(file[..<place])) }
      }
    }
  }

  @Test func `rejects CMYK pictures`() throws {
    let error = #expect(throws: InputError.self) {
      try Self.decode(bytes(try Self.golden().printing))
    }
    #expect(error?.expected == "a JPEG file, grey or in colour")
  }

  @Test func `reads folders of pictures`() throws {
    let folder = try TemporaryFolder()
    let picture = try #require(try Self.golden().pictures.first { $0.width == 32 })
    for name in ["bird", "cat"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try folder.write(Data(bytes(picture.file)), to: "\(name)/0.jpg")
    }
    let set = try ImageSet(classFolders: folder.path)
    #expect(set.pixels.shape == [2, 3, 32, 32] && set.classNames == ["bird", "cat"])
    try folder.write("no picture", to: "cat/1.JPEG")
    let error = #expect(throws: InputError.self) { try ImageSet(classFolders: folder.path) }
    #expect(error?.file == folder.file("cat/1.JPEG"))
    #expect(error?.reason.contains("Not a JPEG file") == true)
  }
}
