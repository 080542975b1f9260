import ArgumentParser
import Foundation

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Checks the installation and says what to do where something is amiss.",
    discussion: """
      Looks for libtorch and its interface, at the processor, memory and disk, for the package \
      lists of Debian and for decant-serve, and measures matrix products for a second. A line each: \
      ok, warn (something works less well), FAIL (nothing will work). Exit code 1 where anything \
      fails.

      Examples:
        decant doctor
        decant doctor --json
      """)

  @Flag(help: "Write a JSON list of {\"name\", \"state\", \"found\", \"advice\"}.")
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
