import Foundation
import Testing

@Suite struct HelpTests {
  private let withoutTorch = ["DECANT_TORCH_LIBRARY": "/nonexistent/libctorch.so"]

  @Test func theVersionIsANumber() throws {
    let outcome = try DecantProgram.run(["--version"], environment: withoutTorch)
    #expect(outcome.code == 0)
    #expect(outcome.output.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil)
  }

  @Test(arguments: [
    ["--help"], [], ["help"], ["help", "train"], ["help", "evaluate"], ["help", "predict"],
    ["data", "debian", "--help"], ["train", "-h"], ["help", "data", "import"],
    ["help", "data", "export"], ["help", "calibrate"], ["help", "stream"], ["help", "new"],
    ["help", "embed"], ["help", "export"], ["help", "doctor"], ["help", "report"],
    ["help", "runs"], ["help", "inspect"], ["help", "audit"], ["help", "index"],
    ["help", "search"],
  ])
  func helpTeachesByExampleAtOnceAndWithoutLibtorch(arguments: [String]) throws {
    let begun = ContinuousClock.now
    let outcome = try DecantProgram.run(arguments, environment: withoutTorch)
    #expect(ContinuousClock.now - begun < .seconds(1))
    #expect(outcome.code == 0, "\(outcome.messages)")
    #expect(outcome.messages.isEmpty)
    // An example is a whole command, indented.
    #expect(outcome.output.contains("\n  decant "), "\(outcome.output)")
  }

  @Test func everyOptionOfTheContractIsExplained() throws {
    let options = [
      "train": [
        "--output", "--loss", "--encoder", "--epochs", "--seed", "--threads", "--resume",
        "decoupled-softmax", "infonce", "bce", "soft-top-k", "squared-hinge", "bag",
        "mlcd", "z-loss", "--temperature", "--learn-temperature", "--top-k-places",
        "--top-k-sharpness",
      ],
      "evaluate": [
        "--data", "--split", "--json", "test", "validation", "--full", "--epoch", "best", "last",
        "--propensity", "standard", "wikipedia", "amazon",
      ],
      "calibrate": [
        "--method", "temperature", "platt", "isotonic", "--objective", "micro", "macro", "example",
        "--shared",
      ],
      "predict": ["--k", "--json", "--file", "--calibrated", "--threshold"],
    ]
    for (command, names) in options {
      let help = try DecantProgram.run(["help", command]).output
      for name in names { #expect(help.contains(name), "\(command) \(name)") }
    }
    let debian = try DecantProgram.run(["help", "data", "debian"]).output
    for name in ["--task", "--output", "tags", "related", "section"] {
      #expect(debian.contains(name))
    }
  }
}
