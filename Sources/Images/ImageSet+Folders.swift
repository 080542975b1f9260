public import Datasets
import Foundation
import Torch

extension ImageSet {
  /// Reads the PNG and JPEG files of ZIP archives; the folder that holds a picture is its class.
  ///
  /// Omniglot comes in this form. Classes are named by the path to the folder, without the
  /// archive's own one, and sorted; names that begin with a dot are left out. A picture with the
  /// class, name and pixels of another one counts once: archives overlap (both small ones of Omniglot
  /// hold the Greek letters).
  ///
  /// - Throws: `FileError` when an archive cannot be read; `InputError` when it or a picture is
  ///   damaged, when pictures differ in size, or when there are none.
  public init(zipArchives archives: [String]) throws {
    var pictures: [(name: String, folder: String, image: RasterImage)] = []
    var seen: [String: [UInt8]] = [:]
    for path in archives {
      let archive = try ZipArchive(path: path)
      for member in archive.members where Self.isPicture(member.name) {
        let name = "\(path)/\(member.name)"
        let image = try RasterImage(archive.content(of: member), file: name)
        let parts = member.name.split(separator: "/")
        let inside = parts.dropFirst(parts.count > 2 ? 1 : 0)
        let folder = inside.dropLast().joined(separator: "/")
        let place = inside.joined(separator: "/")
        if seen[place] == image.pixels { continue }
        seen[place] = image.pixels
        pictures.append((name, folder, image))
      }
    }
    try self.init(pictures, source: archives.joined(separator: ", "))
  }

  /// Reads the PNG and JPEG files of a folder's folders, each of which is a class.
  ///
  /// Classes and pictures are sorted by name; names that begin with a dot are left out.
  ///
  /// - Throws: `FileError` when a file cannot be read; `InputError` when a picture is damaged, when
  ///   pictures differ in size, or when there are none.
  public init(classFolders folder: String) throws {
    var pictures: [(name: String, folder: String, image: RasterImage)] = []
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
        let image = try RasterImage(content, file: "\(path)/\(file)")
        pictures.append(("\(path)/\(file)", name, image))
      }
    }
    try self.init(pictures, source: folder)
  }

  private static func isPicture(_ name: String) -> Bool {
    ["png", "jpg", "jpeg"].contains((name as NSString).pathExtension.lowercased())
      && !(name as NSString).lastPathComponent.hasPrefix(".")
  }

  private init(
    _ pictures: [(name: String, folder: String, image: RasterImage)], source: String
  ) throws {
    guard let first = pictures.first?.image else {
      throw InputError(
        file: source, reason: "no pictures", expected: "PNG or JPEG files in folders")
    }
    let size = [first.channels, first.height, first.width]
    for (name, _, image) in pictures where [image.channels, image.height, image.width] != size {
      throw InputError(
        file: name,
        reason: "a picture of \(image.channels) × \(image.height) × \(image.width)",
        expected: "\(size[0]) × \(size[1]) × \(size[2]) as \(pictures[0].name)")
    }
    let names = Set(pictures.map(\.folder)).sorted()
    let places = Dictionary(names.enumerated().map { ($1, $0) }) { $1 }
    self.init(
      pixels: Tensor(pictures.flatMap(\.image.pixels), shape: [pictures.count] + size),
      classes: pictures.compactMap { places[$0.folder] }, classNames: names)
  }
}
