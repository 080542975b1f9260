import Foundation
import TestSupport
import Testing

/// Where `decant serve` looks for `decant-serve`, tested with a copy of `decant` and a script that
/// stands in for the service.
@Suite struct ServiceLookupTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Copies a program, in another process.
  ///
  /// A file that this process writes may also be open in a child that another test starts, and Linux
  /// does not run a file that is open for writing.
  private func copy(_ program: String, to place: String) throws -> String {
    let path = folder.file(place)
    let outcome = try DecantProcess(["-D", "-m", "755", program, path], program: "install").wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
    return path
  }

  private func decant(in place: String) throws -> String {
    try copy(DecantProgram.path, to: "\(place)/decant")
  }

  /// Installs a script that prints its name and arguments.
  private func service(_ name: String, in place: String) throws {
    try folder.write("#!/bin/sh\necho \(name) \"$@\"\n", to: "script")
    _ = try copy(folder.file("script"), to: "\(place)/decant-serve")
  }

  private func serve(_ decant: String) throws -> DecantProgram.Outcome {
    try DecantProcess(["serve", "run", "--port", "0"], program: decant).wait()
  }

  @Test func `runs the service that its checkout built, rather than a neighbour`() throws {
    let decant = try decant(in: "a checkout/.build/linux/release")
    try service("neighbour", in: "a checkout/.build/linux/release")
    #expect(try serve(decant).output == "neighbour run --port 0\n")
    try service("other", in: "a checkout/Service/.build/linux/debug")
    #expect(try serve(decant).output == "neighbour run --port 0\n")
    try service("built", in: "a checkout/Service/.build/linux/release")
    #expect(try serve(decant).output == "built run --port 0\n")
  }

  @Test func `runs the service that is installed in its folder`() throws {
    let decant = try decant(in: "prefix/bin")
    try service("installed", in: "prefix/bin")
    #expect(try serve(decant).output == "installed run --port 0\n")
  }

  @Test(arguments: ["a checkout/.build/linux/release", "prefix/bin"])
  func `says how to build a service that is missing`(place: String) throws {
    let outcome = try serve(try decant(in: place))
    #expect(outcome.code == 74)
    #expect(outcome.messages.contains("make service"), "\(outcome.messages)")
    #expect(outcome.messages.contains("decant-serve"), "\(outcome.messages)")
  }

  @Test func `shows the help of a service that is missing`() throws {
    let decant = try decant(in: "prefix/bin")
    for arguments in [["serve", "--help"], ["help", "serve"]] {
      let outcome = try DecantProcess(arguments, program: decant).wait()
      #expect(outcome.code == 0 && outcome.output.contains("--maximum-feedback-text"))
    }
    let wrong = try DecantProcess(["serve", "run", "--port", "70000"], program: decant).wait()
    #expect(wrong.code == 64 && wrong.messages.contains("--port is 70000"))
    let shell = ["--generate-completion-script", "bash"]
    let completion = try DecantProcess(shell, program: decant).wait().output
    #expect(completion.contains("--maximum-feedback-text"))
  }

  @Test func `passes on the arguments as they are`() throws {
    let decant = try decant(in: "prefix/bin")
    try service("installed", in: "prefix/bin")
    let arguments = ["serve", "run", "a=b c", "--logit-adjustment", "-0.5", "--log-format", "json"]
    #expect(
      try DecantProcess(arguments, program: decant).wait().output
        == "installed run a=b c --logit-adjustment=-0.5 --log-format json\n")
  }
}
