extension Sequence<Int> {
  /// The product of all lengths, 0 where one of them is 0; nil where the others' product overflows.
  ///
  /// For shapes from files: libtorch multiplies the lengths into strides even where one is 0.
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
