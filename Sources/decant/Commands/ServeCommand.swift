import ArgumentParser
import Foundation
import Torch

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves a finished run over HTTP, with a page to try it.",
    discussion: """
      This is the program decant-serve, which lies beside decant once it is built:

        swift build -c release --product decant-serve

      decant serve --help lists its options.
      """)

  @Argument(parsing: .captureForPassthrough)
  var arguments: [String] = []

  /// Where the service's program has to be.
  static var program: String {
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return own.deletingLastPathComponent().appendingPathComponent("decant-serve").path
  }

  func run() throws {
    try reporting {
      let program = Self.program
      var words = ([program] + arguments).map { strdup($0) } + [nil]
      execv(program, &words)
      throw FileError(
        path: program, action: "start (build it: swift build -c release --product decant-serve)",
        code: errno)
    }
  }
}
