extension String {
  /// The same text on one line, with control characters written as `\u001B`.
  ///
  /// In a terminal they would act, and a line feed would begin a line that nobody logged.
  public var asLogLine: String {
    var result = ""
    for scalar in unicodeScalars {
      if scalar.endsOrActs {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Whether it acts or ends a line instead of being seen.
  var endsOrActs: Bool {
    properties.generalCategory == .control || self == "\u{2028}" || self == "\u{2029}"
  }
}
