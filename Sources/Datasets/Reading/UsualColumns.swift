/// The names of columns that are understood without options.
///
/// Case, blanks, hyphens and underscores do not count: `Ticket-ID` is `ticketid`.
enum UsualColumns {
  /// Names of a text; the first of them wins over the others.
  static let texts = [
    "text", "body", "content", "description", "sentence", "question", "document", "message",
    "abstract", "utterance", "query", "review", "fulltext",
  ]
  /// Less certain names of a text, for tables without one of the others.
  static let otherTexts = ["comment", "summary", "shortdescription"]

  /// A column that goes before a text.
  struct Title {
    var name: String
    /// The names of the texts that it belongs to; nil for all, and for a title without a text.
    var texts: Set<String>?
  }

  /// Titles; the first that is there is taken.
  static let titles = [
    Title(name: "title"), Title(name: "headline"), Title(name: "heading"),
    Title(name: "subjectline"), Title(name: subject),
    Title(name: "shortdescription", texts: ["description"]),
    Title(name: "summary", texts: ["description"]),
    // Next to a message, a name is that of a person.
    Title(name: "name", texts: ["description"]),
  ]

  /// Whether a column of this name goes before any text.
  static func isTitle(_ name: String) -> Bool {
    let name = plain(name)
    return titles.contains { $0.name == name && $0.texts == nil }
  }

  /// The title of a mail or ticket, or the labels of a library.
  static let subject = "subject"
  /// The texts of a mail or ticket.
  static let mails: Set<String> = ["body", "content", "description", "message"]

  /// Names of labels; the first of them wins over the others.
  static let labels = [
    "labels", "label", "categories", "category", "tags", "tag", "subjects", subject, "intent",
    "class", "classes", "topics", "topic", "target", "subjecturis", "keywords",
  ]
  /// Names of labels where there are no surer ones.
  static let otherLabels = [
    "sentiment", "emotion", "genres", "genre", "queue", "department", "issuetype", "tickettype",
  ]

  /// Names of a document's name.
  static let ids: Set<String> = ["id", "uid", "uuid", "guid", "docid", "documentid"]

  /// Whether a plain name says that it numbers documents of some kind, as `ticketid` does.
  static func numbersDocuments(_ name: String) -> Bool {
    ["id", "key", "number", "no", "nr"].contains { ending in
      name.hasSuffix(ending) && kinds.contains(String(name.dropLast(ending.count)))
    }
  }

  private static let kinds: Set<String> = [
    "article", "book", "case", "comment", "doc", "document", "email", "entry", "example",
    "incident", "issue", "item", "mail", "message", "paper", "post", "product", "question",
    "record", "request", "review", "row", "sample", "text", "ticket", "tweet",
  ]

  /// A name without case, blanks and punctuation.
  static func plain(_ name: some StringProtocol) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
  }

  /// Whether a column of this name is a title or a sure text.
  static func isText(_ name: String) -> Bool { isTitle(name) || texts.contains(plain(name)) }

  /// Whether a column of this name has labels.
  static func isLabel(_ name: String) -> Bool {
    let name = plain(name)
    return labels.contains(name) || otherLabels.contains(name)
  }

  /// Whether a cell of a header with this name shows that it is one.
  static func isUsual(_ name: String) -> Bool {
    let plain = plain(name)
    return isText(name) || isLabel(name) || otherTexts.contains(plain) || ids.contains(plain)
      || numbersDocuments(plain)
  }
}
