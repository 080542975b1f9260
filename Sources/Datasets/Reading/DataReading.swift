/// The way to read files of texts: everything that should not be guessed.
///
/// A data set is named by a path, and a `DataReading` says how to understand that path. The value of a
/// run is part of its settings, so that the run finds its data again.
///
///     let data = try Dataset.read("tickets.csv", DataReading(text: "title,body", label: "queue"))
public struct DataReading: Codable, Hashable, Sendable {
  /// The format; nil to guess it from the name and the first bytes.
  public var format: DataFormat?
  /// The encoding; nil to recognise it.
  public var encoding: TextEncoding?
  /// Whether the first row of a table has the names of the columns; nil to guess it.
  public var header: Bool?
  /// The columns or keys of the text, separated by commas; several are joined by line ends.
  public var text: String?
  /// The column or key of the labels.
  public var label: String?
  /// The column or key of the documents' names; `none` names them by their lines.
  public var id: String?
  /// The text between two labels in one cell; empty for none.
  public var separator: String?
  /// The column whose values stay in one part when a file is split.
  public var group: String?
  /// The column of times; the latest fifth of the documents is the test part.
  public var time: String?
  /// Further files of training documents, as absolute paths.
  public var more: [String]?
  /// A file of validation documents, as an absolute path.
  public var validation: String?
  /// A file of test documents, as an absolute path.
  public var test: String?

  /// Whether columns that are named but missing are guessed.
  var isPreference = false

  private enum CodingKeys: String, CodingKey {
    case format, encoding, header, text, label, id, separator, group, time, more, validation, test
  }

  /// Creates a description; everything that is left out is guessed.
  public init(
    format: DataFormat? = nil, encoding: TextEncoding? = nil, header: Bool? = nil,
    text: String? = nil, label: String? = nil, id: String? = nil, separator: String? = nil,
    group: String? = nil, time: String? = nil, more: [String]? = nil, validation: String? = nil,
    test: String? = nil
  ) {
    (self.format, self.encoding, self.header) = (format, encoding, header)
    (self.text, self.label, self.id, self.separator) = (text, label, id, separator)
    (self.group, self.time) = (group, time)
    (self.more, self.validation, self.test) = (more, validation, test)
  }

  /// Whether files are named for the parts.
  var namesParts: Bool { validation != nil || test != nil }

  /// Whether columns are named, or how labels are separated.
  var namesColumns: Bool { text != nil || label != nil || id != nil || separator != nil }

  /// The same columns, for another file, which may lack them.
  public var asPreference: DataReading {
    var result = DataReading(text: text, label: label, id: id, separator: separator)
    result.isPreference = true
    return result
  }

  /// This reading with the columns of `usual`, which a file may lack, unless it names columns.
  package func completed(by usual: DataReading?) -> DataReading {
    guard let usual, !namesColumns else { return self }
    var result = usual.asPreference
    (result.format, result.encoding, result.header) = (format, encoding, header)
    return result
  }

  /// The same columns and labels, for a file that is not split.
  public var ofOneFile: DataReading {
    var result = self
    (result.group, result.time, result.more) = (nil, nil, nil)
    (result.validation, result.test) = (nil, nil)
    return result
  }
}
