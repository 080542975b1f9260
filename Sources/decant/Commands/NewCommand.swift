import ArgumentParser
import Foundation
import Models
import Storage
import Training

struct NewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract:
      "Write a settings file with every setting, its default and the source of the default.",
    discussion: HelpLevel.discussion(
      "new",
      full: """
        The file is JSON with comments, for decant train --config FILE. Every key is optional. An \
        unknown key is refused, with the nearest known one. Options of the command line override the \
        file.

        Examples:
          decant new tags.json --data data/debian-tags
          decant new mails.json --data mails.csv --text subject,body --test test.csv
          decant train --config tags.json --output runs/tags
          decant new | less
        """))

  @Argument(help: ArgumentHelp("File to create (default: standard output).", valueName: "file"))
  var file: String?

  @Option(help: ArgumentHelp("Data set to name in the file.", valueName: "dir"))
  var data: String?

  @OptionGroup(title: HelpLevel.title("Data")) var columns: SettingOptions<DataPart>
  @OptionGroup(title: HelpLevel.title("Parts")) var files: SettingOptions<FilePart>

  func validate() throws {
    guard !columns.given.contain("skip-bad") else {
      throw ValidationError("--skip-bad belongs in the file: set badLines to \"skip\".")
    }
  }

  func run() throws {
    try reporting {
      let text = SettingsFile.template(
        dataset: data.map(absolutePath), data: try (columns.given + files.given).reading())
      guard let file else { return try StandardStreams.write(text) }
      // Pipes and devices, such as /dev/stdout, exist before they are written to.
      var status = stat()
      guard stat(file, &status) != 0 || status.st_mode & S_IFMT != S_IFREG else {
        throw FileError(path: file, action: "make", code: EEXIST)
      }
      try writeAtomically(text, to: file)
      try StandardStreams.write("Next: decant train --config \(file) --output runs/first\n")
    }
  }
}
