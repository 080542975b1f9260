import Foundation
import Models
import Storage
import Torch

/// Embeds the lines of a file with a run; `Benchmarks/search` writes the file.
enum Windows {
  /// Writes the vectors as plain float32, one row per line.
  static func embed(run: String, lines: String, output: String) throws {
    let model = try TrainedModel(folder: RunFolder(path: run), threads: 2)
    let texts = try String(contentsOfFile: lines, encoding: .utf8).split(separator: "\n")
      .map(String.init)
    let file = try AtomicFile(path: output)
    var rest = texts[...]
    while !rest.isEmpty {
      let part = rest.prefix(8192)
      try model.embeddings(of: Array(part)).withUnsafeBytes(file.write)
      rest = rest.dropFirst(part.count)
    }
    try file.commit()
    print("\(texts.count) x \(model.dimension)")
  }
}
