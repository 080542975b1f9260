import Foundation
import TestSupport
import Testing

/// Trainings with one and with two threads, whose second one also selects batches ahead.
@Suite struct ThreadsTests {
  private static let options = Array(TestSupport.quickly.dropFirst(2))

  @Test(arguments: [[], ["--wide", "--wide-maximum-share", "0.5"], ["--patience", "2"]])
  func `a second thread changes no byte`(more: [String]) throws {
    let folder = try TemporaryFolder()
    let data = try SmallDataset().write(to: folder.file("data"))
    for threads in ["1", "2"] {
      try DecantProgram.succeed(
        ["train", data, "--output", folder.file(threads), "--quiet", "--epochs", "4"]
          + ["--threads", threads] + Self.options + more)
    }
    for name in ["model.safetensors", "embeddings.safetensors", "metrics.jsonl"] {
      #expect(
        try contents(folder.file("1/\(name)")) == contents(folder.file("2/\(name)")), "\(name)")
    }
  }
}
