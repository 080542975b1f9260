import Datasets
import Foundation
import Storage
import Torch

extension ImageSet {
  /// Reads the PNG and JPEG files of ZIP archives; a picture's folder is its class.
  ///
  /// Omniglot is distributed in this form. Classes are named by the path of the folder without the
  /// archive's top folder, and sorted; names that begin with a dot are skipped. Pictures with the
  /// same class, name and pixels count once, since archives overlap (both small ones of Omniglot
  /// contain the Greek letters).
  ///
  /// - Parameters:
  ///   - archives: the files.
  ///   - pixelLimit: the most pixels of one picture; 2²⁵ take up to 128 MiB.
  ///   - byteLimit: the most bytes of all pictures together.
  /// - Throws: `FileError` when an archive cannot be read; `InputError` when it or a picture is
  ///   damaged or too large, when pictures differ in size, or when there are none.
  public init(
    zipArchives archives: [String], pixelLimit: Int = Self.pixelLimit,
    byteLimit: Int = Self.byteLimit
  ) throws {
    var pictures = PictureList(byteLimit: byteLimit)
    var seen: [String: [UInt8]] = [:]
    for path in archives {
      let archive = try ZipArchive(path: path)
      for member in archive.members where Self.isPicture(member.name) {
        let name = "\(path)/\(member.name)"
        // A PNG file has at most eight bytes per pixel; a picture is hardly larger uncompressed.
        let content = try archive.content(of: member, limit: 8 * pixelLimit + 1 << 20)
        let image = try RasterImage(content, file: name, pixelLimit: pixelLimit)
        let parts = member.name.split(separator: "/")
        let inside = parts.dropFirst(parts.count > 2 ? 1 : 0)
        let folder = inside.dropLast().joined(separator: "/")
        let place = inside.joined(separator: "/")
        if seen[place] == image.pixels { continue }
        seen[place] = image.pixels
        try pictures.append(image, name: name, folder: folder)
      }
    }
    try self.init(pictures.all, source: archives.joined(separator: ", "))
  }

  /// Reads the PNG and JPEG files in the subfolders of a folder; each subfolder is a class.
  ///
  /// Classes and pictures are sorted by name; names that begin with a dot are skipped.
  ///
  /// - Parameters:
  ///   - folder: the folder that contains the class folders.
  ///   - pixelLimit: the most pixels of one picture; 2²⁵ take up to 128 MiB.
  ///   - byteLimit: the most bytes of all pictures together.
  /// - Throws: `FileError` when a file cannot be read; `InputError` when a picture is damaged or
  ///   too large, when pictures differ in size, or when there are none.
  public init(
    classFolders folder: String, pixelLimit: Int = Self.pixelLimit,
    byteLimit: Int = Self.byteLimit
  ) throws {
    var pictures = PictureList(byteLimit: byteLimit)
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: folder).sorted() {
      var isFolder: ObjCBool = false
      let path = "\(folder)/\(name)"
      guard manager.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
        !name.hasPrefix(".")
      else { continue }
      for file in try manager.contentsOfDirectory(atPath: path).sorted()
      where Self.isPicture(file) {
        let content = try MappedFile(path: "\(path)/\(file)").withBytes { Array($0) }
        let image = try RasterImage(content, file: "\(path)/\(file)", pixelLimit: pixelLimit)
        try pictures.append(image, name: "\(path)/\(file)", folder: name)
      }
    }
    try self.init(pictures.all, source: folder)
  }

  /// The default limit on the pixels of one picture.
  public static let pixelLimit = 1 << 25
  /// The default limit on the bytes of all pictures of a set.
  public static let byteLimit = 1 << 32

  private static func isPicture(_ name: String) -> Bool {
    ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased())
      && !(name as NSString).lastPathComponent.hasPrefix(".")
  }

  private init(_ pictures: [PictureList.Picture], source: String) throws {
    guard let first = pictures.first?.image else {
      throw InputError(
        file: source, reason: "no pictures", expected: "PNG or JPEG files in folders")
    }
    let names = Set(pictures.map(\.folder)).sorted()
    let places = Dictionary(names.enumerated().map { ($1, $0) }) { $1 }
    let size = first.pixels.count
    let pixels = Tensor.zeros(
      [pictures.count, first.channels, first.height, first.width], dtype: .uint8)
    pixels.withUnsafeMutableElements(of: UInt8.self) { pixels in
      for (place, picture) in pictures.enumerated() {
        _ = UnsafeMutableBufferPointer(rebasing: pixels[(place * size)..<((place + 1) * size)])
          .update(fromContentsOf: picture.image.pixels)
      }
    }
    self.init(
      pixels: pixels, classes: pictures.compactMap { places[$0.folder] }, classNames: names)
  }
}

/// Collects pictures of one size and checks each as it is added.
private struct PictureList {
  struct Picture {
    var name: String
    var folder: String
    var image: RasterImage
  }

  let byteLimit: Int
  private(set) var all: [Picture] = []

  init(byteLimit: Int) { self.byteLimit = byteLimit }

  mutating func append(_ image: RasterImage, name: String, folder: String) throws {
    let first = all.first?.image ?? image
    let size = [first.channels, first.height, first.width]
    guard [image.channels, image.height, image.width] == size else {
      throw InputError(
        file: name,
        reason: "a picture of \(image.channels) × \(image.height) × \(image.width)",
        expected: "\(size[0]) × \(size[1]) × \(size[2]) as \(all[0].name)")
    }
    guard (all.count + 1) * image.pixels.count <= byteLimit else {
      throw InputError(
        file: name, reason: "the pictures up to this one have more than \(byteLimit) bytes",
        expected: "fewer or smaller ones; raise the limit with the argument byteLimit")
    }
    all.append(Picture(name: name, folder: folder, image: image))
  }
}
