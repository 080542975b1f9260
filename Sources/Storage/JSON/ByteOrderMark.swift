/// The bytes with which some editors and spreadsheets mark a file as UTF-8.
///
/// They are not text.
package enum ByteOrderMark {
  /// 3 if `bytes` begin with the mark, else 0.
  package static func length(in bytes: some Collection<UInt8>) -> Int {
    bytes.prefix(3).elementsEqual([0xEF, 0xBB, 0xBF]) ? 3 : 0
  }
}
