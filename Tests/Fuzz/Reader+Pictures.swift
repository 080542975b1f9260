import Datasets
import Foundation
import Media
import Storage
import Torch

/// Readers of pictures.
extension Reader {
  static let pictures: [Reader] = [
    Reader(
      name: "idx", weight: 6,
      make: { folder in
        try ([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2] + [UInt8](1...12))
          .write(to: folder, "images.idx")
        try ([0, 0, 8, 1, 0, 0, 0, 3, 0, 2, 1] as [UInt8]).write(to: folder, "labels.idx")
      },
      read: { folder in
        let set = try ImageSet(idxImages: "\(folder)/images.idx", labels: "\(folder)/labels.idx")
        _ = set.batch(Array(0..<set.count)).sum().scalar
      }),
    Reader(
      name: "png", weight: 6, tokens: ["IHDR", "IDAT", "IEND", "PLTE", "tRNS", "gAMA"],
      make: { folder in
        try makeClasses(in: folder)
        for (index, picture) in try golden("Images", "pictures").enumerated() {
          try picture.write(to: "\(folder)/\(index)/a", "0.png")
        }
      },
      mendSums: { bytes, _ in CheckSums.png(&bytes) },
      read: { folder in try readEach(folder) }),
    Reader(
      name: "jpeg", weight: 6,
      make: { folder in
        try makeClasses(in: folder)
        for (index, picture) in try golden("JPEGPictures", "pictures").enumerated() {
          try picture.write(to: "\(folder)/\(index)/a", "0.jpg")
        }
      },
      read: { folder in try readEach(folder) }),
    Reader(
      name: "zip", weight: 6, tokens: ["PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "a/b.png"],
      make: { folder in
        let archive = try golden("Images", "archive")
        try (archive.first ?? []).write(to: folder, "x.zip")
      },
      read: { folder in _ = try ImageSet(zipArchives: ["\(folder)/x.zip"]) }),
  ]

  /// Writes each picture to a separate set, as they differ in size.
  private static func makeClasses(in folder: String) throws {
    for index in 0..<16 {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(index)/a", withIntermediateDirectories: true)
    }
  }

  private static func readEach(_ folder: String) throws {
    for index in 0..<16 {
      do { _ = try ImageSet(classFolders: "\(folder)/\(index)") } catch is InputError {}
    }
  }

  /// Files in hexadecimal, from the goldens of these readers' tests.
  private static func golden(_ name: String, _ key: String) throws -> [[UInt8]] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../MediaTests/Goldens/\(name).json").standardized
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    let first = (object?["cases"] as? [[String: Any]])?.first
    if let text = first?[key] as? String { return [bytes(text)] }
    let pictures = first?[key] as? [[String: Any]] ?? []
    return pictures.compactMap { $0["file"] as? String }.prefix(16).map(bytes)
  }

  private static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
    }
  }
}
