import ArgumentParser
import Foundation
import Torch
import Training

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Writes a configuration with every setting, its default and where that comes from.",
    discussion: """
      The file is JSON with comments. decant train --config FILE reads it: keys may be left out, \
      one that is not known is refused with the nearest that is, and options of the command line \
      win.

      Examples:
        decant new tags.json --data data/debian-tags
        decant train --config tags.json --output runs/tags
        decant new | less
      """)

  @Argument(help: ArgumentHelp("The file to make; standard output by default.", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("The data set to name in it.", valueName: "dir"))
  var data: String?

  func run() throws {
    try reporting {
      let path = data.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
      let text = try SettingsFile.template(dataset: path)
      guard let file else { return try StandardStreams.write(text) }
      // What is no plain file, such as /dev/stdout, is there to be written to.
      var status = stat()
      guard stat(file, &status) != 0 || status.st_mode & S_IFMT != S_IFREG else {
        throw FileError(path: file, action: "make", code: EEXIST)
      }
      try writeAtomically(text, to: file)
      try StandardStreams.write("Next: decant train --config \(file) --output runs/first\n")
    }
  }
}
