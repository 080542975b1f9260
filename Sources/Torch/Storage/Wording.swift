/// A number and what is counted, such as "1 document" and "2 documents".
///
/// - Parameter noun: in the singular; its plural ends in "s".
package func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
