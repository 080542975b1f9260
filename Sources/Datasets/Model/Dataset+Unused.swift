import Storage

extension Dataset {
  /// The documents that are in no part, in their order.
  package var documentsInNoPart: [Int32] {
    var isUsed = [Bool](repeating: false, count: documents.count)
    for split in [train, validation, test].compactMap({ $0 }) {
      for index in split.documentIndices { isUsed[Int(index)] = true }
    }
    return isUsed.indices.filter { !isUsed[$0] }.map(Int32.init)
  }
}
