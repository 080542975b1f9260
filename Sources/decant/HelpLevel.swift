import ArgumentParser
import Foundation

/// The amount of help that the command line asks for.
///
/// `--help` shows the common options, so that they fit on a screen; `--help-all` shows all options, and
/// `decant help train loss` those of one group. Completions and the man page always have all.
enum HelpLevel {
  /// Whether only the common options are shown.
  static let isShort: Bool = {
    let arguments = CommandLine.arguments.dropFirst()
    return !arguments.contains(all)
      // After a second word, all groups are needed to choose one of them.
      && (arguments.first == "help" && arguments.count < 3
        || arguments.contains { ["--help", "-h", "-help"].contains($0) })
  }()

  /// The option that asks for all options.
  static let all = "--help-all"

  /// A discussion; that of the short help ends with the way to all options.
  ///
  /// - Parameters:
  ///   - short: for the short help; nil for the first paragraph of `full` and its first examples.
  ///   - full: for all other help.
  static func discussion(_ command: String, short: String? = nil, full: String) -> String {
    guard isShort else { return full }
    let paragraphs = full.components(separatedBy: "\n\n")
    let examples = paragraphs.last.map { $0.split(separator: "\n").prefix(4) } ?? []
    return (short ?? paragraphs[0] + "\n\n" + examples.joined(separator: "\n"))
      + "\n\nAll options: decant \(command) \(all)."
  }

  /// The title of a group of options; the short help has no groups.
  static func title(_ title: String) -> String { isShort ? "" : title }

  /// Answers `decant help COMMAND GROUP`, or returns if the arguments do not ask for that.
  static func answer(_ arguments: [String]) {
    guard arguments.first == "help", arguments.count > 2, let name = arguments.last?.lowercased()
    else { return }
    var command: any ParsableCommand.Type = Decant.self
    for word in arguments.dropFirst().dropLast() {
      guard
        let next = command.configuration.subcommands.first(where: {
          $0.configuration.commandName == word
        })
      else { return }
      command = next
    }
    // The name of a subcommand asks for its help.
    guard command.configuration.subcommands.isEmpty else { return }
    let groups = Decant.helpMessage(for: command, includeHidden: true)
      .components(separatedBy: "\n\n").compactMap { text in
        words(ofTitleOf: text).map { (words: $0, text: text) }
      }
    if let group = groups.first(where: { $0.words.contains { name.hasPrefix($0) } }) {
      print(group.text)
      Decant.exit()
    }
    let names = groups.map { $0.words.joined(separator: " ") }
    Decant.exit(
      withError: ValidationError(
        "There are no options of the group \(name); groups: \(names.joined(separator: ", "))."))
  }

  /// The words of the title of a group of options, in small letters; nil for another paragraph.
  private static func words(ofTitleOf paragraph: String) -> [String]? {
    let line = paragraph.prefix { $0 != "\n" }
    guard line.hasSuffix(":"), line == line.uppercased() else { return nil }
    return line.dropLast().lowercased().split(separator: " ").map(String.init)
  }
}

extension ArgumentVisibility {
  /// That of an option that few people need; see `HelpLevel`.
  static var rare: ArgumentVisibility { HelpLevel.isShort ? .hidden : .default }
}
