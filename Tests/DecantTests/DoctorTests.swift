import Foundation
import TestSupport
import Testing

@Suite struct DoctorTests {
  private struct Finding: Decodable {
    var name: String
    var state: String
    var found: String
    var advice: String?
  }

  private func findings(_ outcome: DecantProgram.Outcome) throws -> [Finding] {
    try JSONDecoder().decode([Finding].self, from: Data(outcome.output.utf8))
  }

  @Test func `passes on a machine that runs the tests`() throws {
    let outcome = try DecantProgram.succeed(["doctor", "--json"])
    let found = try findings(outcome)
    #expect(
      found.map(\.name) == [
        "decant", "interface", "CUDA", "libtorch", "processor", "threads", "processes",
        "speed", "search library",
        "ONNX Runtime", "memory", "disk", "Debian lists", "decant-serve",
      ])
    #expect(found.allSatisfy { $0.state == "ok" || ($0.state == "warn" && $0.advice != nil) })
    let interface = try #require(found.first { $0.name == "interface" })
    #expect(interface.found.contains("libctorch.so"), "\(interface.found)")
  }

  @Test func `prints one line per check`() throws {
    let outcome = try DecantProgram.succeed(["doctor"])
    let lines = outcome.lines.filter { !$0.hasPrefix("      → ") }
    #expect(lines.count == 14)
    #expect(lines.allSatisfy { $0.hasPrefix("ok    ") || $0.hasPrefix("warn  ") }, "\(lines)")
  }

  @Test func `shows the kernels that DECANT_CPU chooses`() throws {
    #if arch(arm64)
      let name = "neon"
    #else
      let name = "generic"
    #endif
    let outcome = try DecantProgram.run(["doctor", "--json"], environment: ["DECANT_CPU": name])
    #expect(outcome.code == 0, "\(outcome.messages)")
    let processor = try #require(try findings(outcome).first { $0.name == "processor" })
    #expect(
      processor.found.hasSuffix("loss kernels for \(name), set by DECANT_CPU"),
      "\(processor.found)")
  }

  @Test func `rejects a DECANT_CPU that names no kernels`() throws {
    let outcome = try DecantProgram.run(
      ["doctor", "--json"], environment: ["DECANT_CPU": "pentium"])
    #expect(outcome.code == 1)
    let interface = try #require(try findings(outcome).first { $0.state == "fail" })
    #expect(interface.name == "interface")
    #expect(
      interface.found.hasPrefix(
        "DECANT_CPU is 'pentium', which is not known; expected one of "),
      "\(interface.found)")
    #expect(interface.advice == "correct the variable, or unset it")
  }

  @Test func `lists the searched paths when libtorch is missing`() throws {
    let outcome = try DecantProgram.run(
      ["doctor", "--json"], environment: ["DECANT_TORCH_LIBRARY": "/nowhere/libctorch.so"])
    #expect(outcome.code == 1)
    #expect(outcome.messages.isEmpty)
    let interface = try #require(try findings(outcome).first { $0.state == "fail" })
    #expect(interface.name == "interface")
    #expect(interface.advice?.contains("Scripts/setup") == true)
    #expect(interface.advice?.contains("searched /nowhere/libctorch.so") == true)
    // What needs libtorch is left out, the rest is not.
    #expect(try findings(outcome).contains { $0.name == "disk" })
  }
}
