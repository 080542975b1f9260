import Storage

extension TextNormalizer {
  /// Reads a `normalizer`.
  ///
  /// - Throws: `LineFault` naming a kind or an option that is not supported.
  init(_ value: TokenizerValue) throws(LineFault) {
    let kind = try value.member("type")
    switch try kind.string() {
    case "BertNormalizer":
      self = .bert(
        .init(
          isLowercased: try value.flag("lowercase", or: true),
          stripsAccents: try value["strip_accents"]?.boolean(),
          separatesIdeographs: try value.flag("handle_chinese_chars", or: true),
          cleansText: try value.flag("clean_text", or: true)))
    case "NFC", "NFD", "NFKC", "NFKD":
      self = .form(Form(rawValue: try kind.string()) ?? .NFC)
    case "Lowercase": self = .lowercase
    case "StripAccents": self = .stripAccents
    case "Strip":
      self = .strip(
        atStart: try value.flag("strip_left", or: true),
        atEnd: try value.flag("strip_right", or: true))
    case "Nmt": self = .translationCleaning
    case "Precompiled":
      guard let table = value["precompiled_charsmap"] else {
        self = .sequence([])
        return
      }
      do {
        self = .precompiled(try PrecompiledCharacters(base64: try table.string()))
      } catch {
        throw table.fault(error.reason, expected: error.expected ?? "")
      }
    case "Replace":
      let content = Array(try value.member("content").string().unicodeScalars)
      self = try value.pattern("pattern").map { .replace($0, with: content) } ?? .sequence([])
    case "Prepend": self = .prepend(Array(try value.member("prepend").string().unicodeScalars))
    case "ByteLevel": self = .byteLevel
    case "Sequence":
      var parts: [TextNormalizer] = []
      for part in try value.member("normalizers").array() { parts.append(try .init(part)) }
      self = .sequence(parts)
    case let other:
      throw kind.fault(
        "the normalizer \"\(other)\" is not supported",
        expected: "BertNormalizer, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Nmt, "
          + "Precompiled, Replace, Prepend, ByteLevel or Sequence")
    }
  }
}

extension PreTokenizer {
  /// Reads a `pre_tokenizer`.
  ///
  /// - Throws: `LineFault` naming a kind or an option that is not supported.
  init(_ value: TokenizerValue) throws(LineFault) {
    let kind = try value.member("type")
    switch try kind.string() {
    case "BertPreTokenizer": self = .bert
    case "ByteLevel":
      self = .byteLevel(
        addsSpace: try value.flag("add_prefix_space", or: true),
        splits: try value.flag("use_regex", or: true))
    case "Whitespace": self = .whitespace
    case "WhitespaceSplit": self = .whitespaceSplit
    case "CharDelimiterSplit": self = .delimiter(try value.member("delimiter").scalar())
    case "Metaspace":
      var scheme = Scheme.always
      if let name = value["prepend_scheme"] {
        guard let known = Scheme(rawValue: try name.string()) else {
          throw name.fault(
            "the prepend_scheme \"\(try name.string())\" is not supported",
            expected: "always, first or never")
        }
        scheme = known
      }
      if try !value.flag("add_prefix_space", or: true) { scheme = .never }
      self = .metaspace(
        try value.member("replacement").scalar(), scheme, splits: try value.flag("split", or: true))
    case "Split":
      let behavior = try Self.behavior(of: value, or: nil)
      // An empty pattern is found nowhere.
      self =
        try value.pattern("pattern").map { (pattern) throws(LineFault) in
          .split(pattern, behavior, isInverted: try value.flag("invert", or: false))
        } ?? .sequence([])
    case "Digits": self = .digits(individually: try value.flag("individual_digits", or: false))
    case "Punctuation": self = .punctuation(try Self.behavior(of: value, or: .isolated))
    case "Sequence":
      var parts: [PreTokenizer] = []
      for part in try value.member("pretokenizers").array() { parts.append(try .init(part)) }
      self = .sequence(parts)
    case let other:
      throw kind.fault(
        "the pre_tokenizer \"\(other)\" is not supported",
        expected: "BertPreTokenizer, ByteLevel, Whitespace, WhitespaceSplit, CharDelimiterSplit, "
          + "Metaspace, Split, Digits, Punctuation or Sequence")
    }
  }

  private static func behavior(of value: TokenizerValue, or standard: Behavior?) throws(LineFault)
    -> Behavior
  {
    guard let name = value["behavior"] else {
      guard let standard else { return try behavior(of: value.member("behavior"), or: nil) }
      return standard
    }
    guard let behavior = Behavior(rawValue: try name.string()) else {
      throw name.fault(
        "the behavior \"\(try name.string())\" is not supported",
        expected: "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous")
    }
    return behavior
  }
}

/// The tokens before and after every text: the `post_processor` of a `tokenizer.json`.
struct TokenTemplate {
  var prefix: [Int32] = []
  var suffix: [Int32] = []

  /// Reads a `post_processor`.
  ///
  /// - Throws: `LineFault` naming a kind or an option that is not supported.
  init(_ value: TokenizerValue) throws(LineFault) {
    let kind = try value.member("type")
    switch try kind.string() {
    case "BertProcessing", "RobertaProcessing":
      prefix = [try Self.id(ofPair: value.member("cls"))]
      suffix = [try Self.id(ofPair: value.member("sep"))]
    case "ByteLevel": break  // changes only offsets
    case "TemplateProcessing": try readTemplate(value)
    case "Sequence":
      for part in try value.member("processors").array() {
        let outer = try TokenTemplate(part)
        prefix = outer.prefix + prefix
        suffix += outer.suffix
      }
    case let other:
      throw kind.fault(
        "the post_processor \"\(other)\" is not supported",
        expected: "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence")
    }
  }

  private static func id(ofPair value: TokenizerValue) throws(LineFault) -> Int32 {
    let pair = try value.array()
    guard pair.count == 2 else {
      throw value.fault("not a token with its id", expected: "a list of a text and an id")
    }
    return try pair[1].integer()
  }

  private mutating func readTemplate(_ value: TokenizerValue) throws(LineFault) {
    let single = try value.member("single")
    var isAfter = false
    for piece in try single.array() {
      let token = piece["SpecialToken"]
      let content = if let token { token } else { try piece.member("Sequence") }
      let type = try content.member("type_id")
      guard try type.integer() == 0 else {
        throw type.fault(
          "a token type of \(try type.integer()) is not supported", expected: "0 in \"single\"")
      }
      guard let token else {
        let id = try content.member("id")
        guard !isAfter, try id.string() == "A" else {
          throw id.fault("a second text in \"single\"", expected: "the text A once")
        }
        isAfter = true
        continue
      }
      let name = try token.member("id")
      guard let entry = value["special_tokens"]?[try name.string()] else {
        throw name.fault(
          "the token \"\(try name.string())\" has no ids", expected: "an entry in special_tokens")
      }
      for id in try entry.member("ids").array() {
        if isAfter { suffix.append(try id.integer()) } else { prefix.append(try id.integer()) }
      }
    }
    guard isAfter else { throw single.fault("no text in \"single\"", expected: "the text A once") }
  }
}
