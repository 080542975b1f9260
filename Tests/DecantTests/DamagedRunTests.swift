import Foundation
import Storage
import TestSupport
import Testing

@Suite struct DamagedRunTests {
  private let folder: TemporaryFolder
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    let data = try SmallDataset().write(to: folder.file("data"))
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "1"] + quickly)
  }

  @Test func `names every damaged file`() throws {
    let files = [
      "configuration.json", "dataset.json", "labels.json", "vocabulary.bin", "model.safetensors",
      "embeddings.safetensors", "run.json",
    ]
    for name in files {
      let path = "\(run)/\(name)"
      let whole = try contents(path)
      let damages = [
        Data(), Data(whole.prefix(whole.count / 2)), Data(repeating: 0xA5, count: whole.count),
      ]
      for damage in damages {
        try damage.write(to: URL(filePath: path))
        try DecantProgram.refuse(["predict", run, "text"], code: 65, name)
      }
      try whole.write(to: URL(filePath: path))
    }
    try DecantProgram.succeed(["predict", run, "text"])
  }

  @Test func `rejects files that do not belong together`() throws {
    let cases: [(String, String, String)] = [
      ("configuration.json", "\"dimension\" : 16", "\"dimension\" : -16"),
      ("configuration.json", "\"dimension\" : 16", "\"dimension\" : 1000000000000"),
      ("configuration.json", "\"threads\" : 1", "\"threads\" : 0"),
      ("configuration.json", "\"batchSize\" : 32", "\"batchSize\" : 0"),
      ("configuration.json", "\"temperature\" : 1", "\"temperature\" : 0"),
      ("configuration.json", "\"seed\"", "\"sead\""),
      ("labels.json", "\"label1\"", "\"label2\""),
      ("labels.json", "\"label1\",", ""),
    ]
    for (name, old, new) in cases {
      let path = "\(run)/\(name)"
      let whole = try String(contentsOfFile: path, encoding: .utf8)
      #expect(whole.contains(old), "\(old)")
      try writeAtomically(whole.replacing(old, with: new), to: path)
      try DecantProgram.refuse(["predict", run, "text"], code: 65)
      try writeAtomically(whole, to: path)
    }
  }

  @Test func `a missing file exits with 74`() throws {
    for name in ["labels.json", "model.safetensors", "embeddings.safetensors"] {
      let whole = try contents("\(run)/\(name)")
      try FileManager.default.removeItem(atPath: "\(run)/\(name)")
      try DecantProgram.refuse(["predict", run, "text"], code: 74, name)
      try whole.write(to: URL(filePath: "\(run)/\(name)"))
    }
  }
}
