extension Sequence<Int> {
  /// The product of all lengths, or 0 if one of them is 0; nil if the product of the others
  /// overflows.
  ///
  /// For shapes read from files: libtorch multiplies the lengths into strides even if one is 0.
  package var checkedProduct: Int? {
    var product = 1
    var isEmpty = false
    for length in self {
      guard length != 0 else {
        isEmpty = true
        continue
      }
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      product = next
    }
    return isEmpty ? 0 : product
  }
}
