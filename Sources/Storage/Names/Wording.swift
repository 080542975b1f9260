import Foundation

/// A count with its noun, such as "1 document" and "2 documents".
///
/// - Parameter noun: the singular; its plural ends in "s".
package func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// `value` with `places` decimals.
package func rounded(_ value: Double, places: Int = 4) -> String {
  String(format: "%.\(places)f", value)
}
