import ArgumentParser
import Foundation
import ServiceOptions
import Storage

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: ServiceOptions.abstract,
    discussion: ServiceOptions.discussion)

  @OptionGroup var options: ServiceOptions

  /// The path of decant-serve, or the first path tried if it is not built.
  ///
  /// A checkout builds it in the package Service; an installation keeps both programs in one folder.
  static var program: String {
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let beside = folder.appendingPathComponent("decant-serve").path
    // The path of a build folder ends with .build, the platform, and debug or release.
    let build = folder.pathComponents.suffix(3)
    guard build.first == ".build" else { return beside }
    let built = folder.appendingPathComponent(
      "../../../Service/\(build.joined(separator: "/"))/decant-serve"
    ).standardizedFileURL.path
    return [built, beside].first(where: FileManager.default.isExecutableFile) ?? built
  }

  func run() throws {
    try reporting {
      let program = Self.program
      // The name of this command comes first.
      let arguments = Decant.arguments.dropFirst()
      var words = ([program] + arguments).map { strdup($0) } + [nil]
      execv(program, &words)
      throw FileError(
        path: program, action: "start decant-serve (build it in Decant's folder: make service) at",
        code: errno)
    }
  }
}
