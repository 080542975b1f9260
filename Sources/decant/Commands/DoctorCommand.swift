import ArgumentParser
import Foundation

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check the installation and explain how to fix problems.",
    discussion: """
      Checks libtorch and its interface, processor, memory and disk, Debian's package lists and \
      decant-serve, and times matrix products for a second. Prints a line for each: ok, warn \
      (something works less well) or FAIL (nothing will work). Exits with code 1 if anything fails.

      Examples:
        decant doctor
        decant doctor --json
      """)

  @Flag(help: "Print a JSON list of {\"name\", \"state\", \"found\", \"advice\"}.")
  var json = false

  func run() throws {
    try reporting {
      let findings = Examination().findings()
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        try StandardStreams.write(
          String(decoding: try encoder.encode(findings), as: UTF8.self) + "\n")
      } else {
        try StandardStreams.write(findings.map(\.lines).joined())
      }
      if findings.contains(where: { $0.state == .fail }) { throw ExitCode(1) }
    }
  }
}
