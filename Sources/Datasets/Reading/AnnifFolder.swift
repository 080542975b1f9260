import Foundation
import Storage

/// Annif's corpus of full texts: a folder with `NAME.txt`, and labels in `NAME.key` or `NAME.tsv`.
///
/// A `.key` file has one label per line. A line of a `.tsv` file has a URI in angle brackets, a tab and
/// the label's name; the URI names the label. A text without such a file has no labels. Format:
/// <https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats>.
struct AnnifFolder {
  /// A text and the file of its labels.
  struct Document {
    /// The name of its files without the ending.
    var name: String
    var textFile: String
    var labelFile: String?
  }

  let path: String
  /// The documents in the order of their names.
  let documents: [Document]
  private let encoding: TextEncoding?

  /// Lists the folder at `path`.
  ///
  /// - Throws: `InputError` when it has no texts, or no labels at all.
  init(_ path: String, encoding: TextEncoding? = nil) throws {
    (self.path, self.encoding) = (path, encoding)
    let names = Set(try Folder.names(path) ?? [])
    documents = names.filter { $0.hasSuffix(".txt") }.sorted().map { file in
      let name = String(file.dropLast(4))
      let labels = ["key", "tsv"].map { "\(name).\($0)" }.first(where: names.contains)
      return Document(
        name: name, textFile: "\(path)/\(file)", labelFile: labels.map { "\(path)/\($0)" })
    }
    guard documents.contains(where: { $0.labelFile != nil }) else {
      throw InputError(
        file: path, reason: "the folder has no file that is understood",
        expected:
          "documents.jsonl, labels.jsonl and train.jsonl; train and test files of texts with "
          + "labels (train.csv, test.csv); NAME.txt with NAME.key or NAME.tsv; or a file's path")
    }
  }

  /// The text of a document, and its labels without repetitions.
  func read(_ document: Document) throws -> (text: String, labels: [String]) {
    let input = try InputFile(document.textFile, encoding: encoding)
    let text = try text(of: input)
    var labels: [String] = []
    if let path = document.labelFile {
      let file = try InputFile(path, encoding: encoding)
      for (number, line) in try self.text(of: file).split(
        separator: "\n", omittingEmptySubsequences: false
      ).enumerated() where !line.allSatisfy(\.isWhitespace) {
        let first = line.split(separator: "\t").first.map { $0.trimmingBlanks() } ?? ""
        guard path.hasSuffix(".tsv") else {
          labels.append(line.trimmingBlanks())
          continue
        }
        guard let uri = first.withoutAngleBrackets else {
          throw InputError(
            file: path, line: number + 1, column: 1,
            reason: "\"\(first)\" is not a URI in angle brackets",
            expected: "<http://…>, a tab, a name")
        }
        labels.append(uri)
      }
    }
    var seen: Set<String> = []
    return (text.trimmingBlanks(), labels.filter { seen.insert($0).inserted })
  }

  private func text(of input: InputFile) throws -> String {
    try input.content.withBytes { bytes in
      let scanner = RecordScanner(bytes)
      do throws(LineFault) {
        return try scanner.text(scanner.position..<bytes.count)
      } catch {
        throw error.inputError(file: input.name, line: 1, lineStart: 0)
      }
    }
  }
}
