import Datasets
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Media

@Suite struct PictureFolderTests {
  private struct Case: Decodable {
    struct Picture: Decodable {
      let name: String
      let width: Int
      let height: Int
      let channels: Int
      let pixels: [UInt8]
      let file: String
    }
    let pictures: [Picture]
    let archive: String
  }

  private static func golden() throws -> Case {
    try #require(try Golden<Case>("Images").cases.first)
  }

  private static func decode(_ file: [UInt8]) throws -> RasterImage {
    try RasterImage(file, file: "x.png")
  }

  @Test func `reads every kind of PNG`() throws {
    for picture in try Self.golden().pictures {
      let image = try Self.decode(bytes(picture.file))
      #expect(image.width == picture.width && image.height == picture.height)
      #expect(image.channels == picture.channels)
      #expect(image.pixels == picture.pixels, "\(picture.name)")
    }
  }

  @Test func `rejects a damaged picture`() throws {
    let file = bytes(try Self.golden().pictures[0].file)
    let whole = try Self.decode(file)
    let note = try #require(file.indices.first { file[$0...].starts(with: "tEXt".utf8) })
    for place in file.indices {
      #expect(throws: InputError.self) { try Self.decode(Array(file[..<place])) }
      var damaged = file
      damaged[place] ^= 0x21
      // A comment in the file may have any content.
      if (note..<(note + 18)).contains(place) {
        do { #expect(try Self.decode(damaged) == whole) } catch { #expect(error is InputError) }
      } else {
        #expect(throws: InputError.self, "byte \(place)") { try Self.decode(damaged) }
      }
    }
    let error = #expect(throws: InputError.self) { try Self.decode(Array("GIF89a".utf8)) }
    #expect(error?.file == "x.png" && error?.expected == "a PNG file")
  }

  /// A kilobyte may claim to be 32,768 × 32,768 pixels.
  @Test func `rejects pictures over the pixel or byte limit`() throws {
    let picture = try #require(try Self.golden().pictures.first)
    let area = picture.width * picture.height
    #expect(try RasterImage(bytes(picture.file), file: "x.png", pixelLimit: area).width > 0)
    let error = #expect(throws: InputError.self) {
      try RasterImage(bytes(picture.file), file: "x.png", pixelLimit: area - 1)
    }
    #expect(error?.reason == "\(picture.width) × \(picture.height) pixels")
    #expect(error?.expected?.contains("pixelLimit") == true)

    let folder = try TemporaryFolder()
    let archive = try folder.write(Data(bytes(try Self.golden().archive)), to: "set.zip")
    #expect(try ImageSet(zipArchives: [archive], pixelLimit: 4, byteLimit: 12).count == 3)
    for (pixelLimit, byteLimit, words) in [(3, 12, "pixelLimit"), (4, 11, "byteLimit")] {
      let error = #expect(throws: InputError.self) {
        try ImageSet(zipArchives: [archive], pixelLimit: pixelLimit, byteLimit: byteLimit)
      }
      #expect(error?.expected?.contains(words) == true, "\(error?.description ?? "")")
    }
  }

  @Test func `reads zipped folders of pictures`() throws {
    let folder = try TemporaryFolder()
    let archive = bytes(try Self.golden().archive)
    let path = try folder.write(Data(archive), to: "set.zip")
    let set = try ImageSet(zipArchives: [path])
    #expect(set.classNames == ["a", "b"])
    #expect(set.classes == [1, 0, 1])
    #expect(set.pixels.shape == [3, 1, 2, 2])
    #expect(set.pixels.array(of: UInt8.self) == [1, 2, 3, 98, 1, 2, 3, 97, 1, 2, 3, 98])
    // The same pictures from another archive are not new.
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

  @Test func `rejects archive members with a wrong checksum`() throws {
    let folder = try TemporaryFolder()
    var content = bytes(try Self.golden().archive)
    let whole = try ZipArchive(path: folder.write(Data(content), to: "whole.zip"))
    #expect(whole.members.count == 5)
    let notes = try #require(whole.members.first { $0.name.hasSuffix("notes.txt") })
    #expect(try whole.content(of: notes, limit: 1 << 20) == Array("not a picture".utf8))
    let place = try #require(content.indices.first { content[$0...].starts(with: "not a".utf8) })
    content[place + 1] = UInt8(ascii: "u")
    let damaged = try ZipArchive(path: folder.write(Data(content), to: "damaged.zip"))
    #expect(throws: InputError.self) { try damaged.content(of: notes, limit: 1 << 20) }
  }

  @Test func `reads folders of pictures`() throws {
    let folder = try TemporaryFolder()
    let pictures = try Self.golden().pictures
    let grey = bytes(pictures[0].file)
    for name in ["two", "one"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try folder.write(Data(grey), to: "\(name)/x.png")
    }
    try folder.write("not a picture", to: "one/notes.txt")
    let set = try ImageSet(classFolders: folder.path)
    #expect(set.classNames == ["one", "two"] && set.classes == [0, 1])
    #expect(set.pixels.shape == [2, 1, 6, 7])
    try folder.write(Data(bytes(pictures[1].file)), to: "two/y.png")
    let error = #expect(throws: InputError.self) { try ImageSet(classFolders: folder.path) }
    #expect(error?.file == folder.file("two/y.png"))
    #expect(error?.reason == "a picture of 3 × 5 × 5")
    #expect(throws: InputError.self) { try ImageSet(classFolders: folder.file("one")) }
  }
}
