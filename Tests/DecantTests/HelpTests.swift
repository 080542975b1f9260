import Foundation
import Models
import TestSupport
import Testing
import Training

@Suite struct HelpTests {
  private let withoutTorch = ["DECANT_TORCH_LIBRARY": "/nonexistent/libctorch.so"]

  @Test func `prints a version number`() throws {
    let outcome = try DecantProgram.run(["--version"], environment: withoutTorch)
    #expect(outcome.code == 0)
    #expect(outcome.output.wholeMatch(of: #/\d+\.\d+\.\d+\n/#) != nil)
  }

  @Test(arguments: [
    ["--help"], [], ["help"], ["help", "train"], ["help", "evaluate"], ["help", "predict"],
    ["data", "debian", "--help"], ["help", "data", "convert"], ["train", "-h"],
    ["help", "data", "import"],
    ["help", "data", "export"], ["help", "calibrate"], ["help", "stream"], ["help", "new"],
    ["help", "embed"], ["help", "export"], ["help", "doctor"], ["help", "report"],
    ["help", "runs"], ["help", "inspect"], ["help", "audit"], ["help", "index"],
    ["help", "search"], ["help", "merge"],
  ])
  func `help shows an example quickly and without libtorch`(arguments: [String]) throws {
    let outcome = try DecantProgram.run(arguments, environment: withoutTorch)
    // Processor time, because other tests use the processors meanwhile.
    #expect(outcome.cpuSeconds < 1)
    #expect(outcome.code == 0, "\(outcome.messages)")
    #expect(outcome.messages.isEmpty)
    // An example is a whole command, indented.
    #expect(outcome.output.contains("\n  decant "), "\(outcome.output)")
  }

  @Test func `train explains every setting with an option, and all of its words`() throws {
    let help = try DecantProgram.run(["train", "--help-all"], environment: withoutTorch).output
    let words = help.split { $0.isWhitespace }.joined(separator: " ")
    var count = 0
    for setting in Setting.all {
      guard let option = setting.option else { continue }
      var names = [option.name]
      var texts = [setting.optionHelp]
      if case .switches(let switches) = option.form {
        names = switches.map(\.name)
        texts = switches.map(\.help)
      }
      for name in names { #expect(words.contains("--\(name)"), "\(setting.path)") }
      for text in texts where option.name != "temperature" {
        #expect(words.contains(text), "\(setting.path): \(text)")
      }
      count += 1
    }
    #expect(count > 50)
    for kind in TrainingLoss.kinds { #expect(words.contains(kind.word)) }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `completions have the options of the table`(shell: String) throws {
    let script = try DecantProgram.run(
      ["--generate-completion-script", shell], environment: withoutTorch
    ).output
    for name in ["batch-size", "fine-tune", "no-wide", "soft-top-k", "top-k-places"] {
      #expect(script.contains(name), "\(name)")
    }
  }

  @Test func `an unknown option is answered with the nearest one`() throws {
    for (option, nearest) in [("--epoch", "--epochs"), ("--bach-size", "--batch-size")] {
      try DecantProgram.refuse(
        ["train", "data", "--output", "run", option, "3"], code: 64,
        "Unknown option '\(option)'. Did you mean '\(nearest)'?", environment: withoutTorch)
    }
  }

  @Test(arguments: [
    "train", "tune", "inspect", "audit", "evaluate", "predict", "calibrate", "embed", "index",
    "search", "label-next", "data convert",
  ])
  func `the short help fits on a screen`(command: String) throws {
    let help = try DecantProgram.run(
      command.split(separator: " ").map(String.init) + ["--help"],
      environment: withoutTorch.merging(["COLUMNS": "100"]) { $1 }
    ).output
    #expect(help.split(separator: "\n", omittingEmptySubsequences: false).count <= 41, "\(help)")
    #expect(help.contains("All options: decant \(command) --help-all."))
    #expect(!help.contains("--hard-negatives"))
    guard !["calibrate", "index"].contains(command) else { return }
    for option in ["--text", "--label", "--id", "--format"] {
      #expect(help.contains("\n  \(option) "), "\(option): \(help)")
    }
  }

  @Test func `help on a group shows its options alone`() throws {
    let loss = try DecantProgram.run(["help", "train", "losses"], environment: withoutTorch)
    #expect(loss.code == 0)
    #expect(loss.output.hasPrefix("LOSS:\n"))
    #expect(loss.output.contains("--top-k-places"))
    #expect(!loss.output.contains("--batch-size"))
    let wide = try DecantProgram.run(["help", "train", "wide"], environment: withoutTorch).output
    #expect(wide.contains("--wide-optimizer"))
    try DecantProgram.refuse(
      ["help", "train", "magic"], code: 64, "magic", "loss", environment: withoutTorch)
  }

  @Test func `documents every option`() throws {
    let options = [
      "train": ["--output", "--encoder", "bag", "transformer", "both", "--config", "--resume"],
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
      let help = try DecantProgram.run([command, "--help-all"]).output
      for name in names { #expect(help.contains(name), "\(command) \(name)") }
    }
    let debian = try DecantProgram.run(["help", "data", "debian"]).output
    for name in ["--task", "--output", "tags", "related", "section"] {
      #expect(debian.contains(name))
    }
  }
}
