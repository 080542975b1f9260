extension String {
  /// The numbers among the words of a setting, such as 16 and 0.3 in "scale 16 margin 0.3".
  var settingNumbers: [Double] { split(separator: " ").compactMap { Double($0) } }
}
