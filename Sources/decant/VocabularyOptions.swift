import ArgumentParser
import Datasets
import Foundation

/// `--vocabulary` and `--language` of commands that read a vocabulary for their answers.
struct VocabularyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Vocabulary of the labels: a table, records or SKOS, with texts and parents.",
      valueName: "file"), completion: .file())
  var vocabulary: String?

  @Option(
    help: ArgumentHelp(
      "Language of the vocabulary's texts, such as sv.", valueName: "tag", visibility: .rare))
  var language: String?

  func validate() throws {
    guard language == nil || vocabulary != nil else {
      throw ValidationError("--language needs --vocabulary.")
    }
  }

  /// The vocabulary; nil if none is named.
  func read() throws -> LabelVocabulary? {
    try vocabulary.map { try LabelVocabulary(contentsOf: $0, language: language) }
  }
}
