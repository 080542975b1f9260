import Foundation
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct ImageSetTests {
  private struct Case: Decodable {
    struct Picture: Decodable {
      let name: String
      let width: Int
      let height: Int
      let channels: Int
      let pixels: [UInt8]
      let file: String
    }
    struct Stream: Decodable {
      let content: String
      let packed: String
    }
    let pictures: [Picture]
    let streams: [Stream]
    let archive: String
  }

  private static func golden() throws -> Case {
    try #require(try Golden<Case>("Images").cases.first)
  }

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
    }
  }

  private static func unpack(_ packed: [UInt8], size: Int) throws -> [UInt8] {
    try packed.withUnsafeBytes { try Inflater.unpackZlib($0, in: 0..<$0.count, size: size) }
  }

  private static func decode(_ file: [UInt8]) throws -> RasterImage {
    try file.withUnsafeBytes { try PNGDecoder.picture($0, in: 0..<$0.count) }
  }

  @Test func unpacksWhatZlibPacks() throws {
    for (index, stream) in try Self.golden().streams.enumerated() {
      let content = Self.bytes(stream.content)
      let found = try Self.unpack(Self.bytes(stream.packed), size: content.count)
      #expect(found == content, "stream \(index)")
    }
  }

  @Test func aDamagedStreamNeverCrashes() throws {
    for stream in try Self.golden().streams {
      let packed = Self.bytes(stream.packed)
      let size = stream.content.count / 2
      for place in stride(from: 0, to: packed.count, by: 7) {
        var damaged = packed
        damaged[place] ^= 0x15
        #expect(throws: BinaryFault.self) { try Self.unpack(damaged, size: size) }
        #expect(throws: BinaryFault.self) {
          try Self.unpack(Array(packed[..<place]), size: size)
        }
      }
      #expect(throws: BinaryFault.self) { try Self.unpack(packed, size: size + 1) }
    }
  }

  @Test func readsEveryKindOfPNG() throws {
    for picture in try Self.golden().pictures {
      let image = try Self.decode(Self.bytes(picture.file))
      #expect(image.width == picture.width && image.height == picture.height)
      #expect(image.channels == picture.channels)
      #expect(image.pixels == picture.pixels, "\(picture.name)")
    }
  }

  @Test func aDamagedPictureIsRefusedWithItsPlace() throws {
    let file = Self.bytes(try Self.golden().pictures[0].file)
    for place in stride(from: 0, to: file.count, by: 5) {
      var damaged = file
      damaged[place] ^= 0x21
      #expect(throws: BinaryFault.self, "byte \(place)") { try Self.decode(damaged) }
      #expect(throws: BinaryFault.self) { try Self.decode(Array(file[..<place])) }
    }
  }

  @Test func readsTheFormatOfMNIST() throws {
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

  @Test func aDamagedIDXFileIsRefused() throws {
    let folder = try TemporaryFolder()
    for (content, words) in [
      ([0, 0, 8], "byte 3: the end"), ([0, 0, 8, 1, 0, 0, 0, 2, 1], "byte 8: 1 bytes"),
      ([0, 0, 13, 1, 0, 0, 0, 1, 1], "the first number is 3329"),
      ([0, 0, 8, 1, 255, 255, 255, 255, 1], "byte 8: 1 bytes"),
    ] as [([UInt8], String)] {
      let path = try folder.write(Data(content), to: "file")
      let error = #expect(throws: InputError.self) { try IDXFile(path: path, axes: 1) }
      #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
  }

  @Test(.enabled(if: Subprocess.path(of: "gzip") != nil, "there is no gzip"))
  func unpacksWhatIsPacked() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(Data([0, 0, 8, 1, 0, 0, 0, 2, 4, 1]), to: "labels")
    let gzip = try #require(Subprocess.path(of: "gzip"))
    #expect(try Subprocess(path: gzip, arguments: [path]).run().status == 0)
    #expect(try IDXFile(path: path + ".gz", axes: 1).elements.doubles() == [4, 1])
  }

  @Test func readsZippedFoldersOfPictures() throws {
    let folder = try TemporaryFolder()
    let archive = Self.bytes(try Self.golden().archive)
    let path = try folder.write(Data(archive), to: "set.zip")
    let set = try ImageSet(zipArchives: [path])
    #expect(set.classNames == ["a", "b"])
    #expect(set.classes == [1, 0, 1])
    #expect(set.pixels.shape == [3, 1, 2, 2])
    #expect(set.pixels.array(of: UInt8.self) == [1, 2, 3, 98, 1, 2, 3, 97, 1, 2, 3, 98])
    // The same pictures from another archive are no new ones.
    let again = try folder.write(Data(archive), to: "again.zip")
    #expect(try ImageSet(zipArchives: [path, again]).count == 3)
    for place in stride(from: 3, to: archive.count, by: 11) {
      var damaged = archive
      damaged[place] ^= 0x41
      let path = try folder.write(Data(damaged), to: "damaged.zip")
      // Times and attributes are not looked at, and so may be anything.
      do { _ = try ImageSet(zipArchives: [path]) } catch { #expect(error is InputError) }
    }
    #expect(throws: InputError.self) {
      try ImageSet(zipArchives: [folder.write(Data(archive.dropLast(9)), to: "short.zip")])
    }
  }

  @Test func aMemberOfAnArchiveHasToAgreeWithItsSum() throws {
    let folder = try TemporaryFolder()
    var bytes = Self.bytes(try Self.golden().archive)
    let whole = try ZipArchive(path: folder.write(Data(bytes), to: "whole.zip"))
    #expect(whole.members.count == 5)
    let notes = try #require(whole.members.first { $0.name.hasSuffix("notes.txt") })
    #expect(try whole.content(of: notes) == Array("not a picture".utf8))
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: "not a".utf8) })
    bytes[place + 1] = UInt8(ascii: "u")
    let damaged = try ZipArchive(path: folder.write(Data(bytes), to: "damaged.zip"))
    #expect(throws: InputError.self) { try damaged.content(of: notes) }
  }

  @Test func readsFoldersOfPictures() throws {
    let folder = try TemporaryFolder()
    let pictures = try Self.golden().pictures
    let grey = Self.bytes(pictures[0].file)
    for name in ["two", "one"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try folder.write(Data(grey), to: "\(name)/x.png")
    }
    try folder.write("not a picture", to: "one/notes.txt")
    let set = try ImageSet(classFolders: folder.path)
    #expect(set.classNames == ["one", "two"] && set.classes == [0, 1])
    #expect(set.pixels.shape == [2, 1, 6, 7])
    try folder.write(Data(Self.bytes(pictures[1].file)), to: "two/y.png")
    let error = #expect(throws: InputError.self) { try ImageSet(classFolders: folder.path) }
    #expect(error?.file == folder.file("two/y.png"))
    #expect(error?.reason == "a picture of 3 × 5 × 5")
    #expect(throws: InputError.self) { try ImageSet(classFolders: folder.file("one")) }
  }
}
