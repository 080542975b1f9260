import Storage

extension Dataset {
  /// The same data with the labels of a model first, in the model's order, and all others after them.
  ///
  /// Labels that the data lacks have no documents and no text.
  ///
  /// - Throws: `InputError` if two labels of the model have the same name.
  package func puttingFirst(_ names: [String], file: String) throws -> Dataset {
    let first = try NameIndex(names, of: "label", file: file)
    var ids = names
    var texts = [String](repeating: "", count: names.count)
    var details = [LabelDetails](repeating: LabelDetails(), count: names.count)
    let places = (0..<labels.count).map { index -> Int32 in
      let id = labels.ids[index]
      let text =
        labels.texts.map { $0.isMissing(at: index) ? "" : $0[index] } ?? ""
      if let place = first[id] {
        texts[place] = text
        details[place] = labels.details?[index] ?? LabelDetails()
        return Int32(place)
      }
      ids.append(id)
      texts.append(text)
      details.append(labels.details?[index] ?? LabelDetails())
      return Int32(ids.count - 1)
    }
    func renumbered(_ matrix: CSRMatrix) -> CSRMatrix {
      CSRMatrix(
        rowOffsets: matrix.rowOffsets, columns: MappedArray(matrix.columns.map { places[Int($0)] }),
        values: matrix.values, columnCount: ids.count)
    }
    func renumbered(_ split: Split) -> Split {
      Split(
        documentIndices: split.documentIndices, labels: renumbered(split.labels),
        filter: split.filter.map(renumbered))
    }
    var result = self
    result.labels = Labels(
      ids: TextColumn(ids), texts: labels.texts == nil ? nil : TextColumn(texts),
      details: labels.details == nil ? nil : details)
    result.labels.candidates = labels.candidates.filter { first[$0.id] == nil }
    result.labels.added = labels.added
    result.labels.vocabularyHash = labels.vocabularyHash
    result.train = renumbered(train)
    result.validation = validation.map(renumbered)
    result.test = test.map(renumbered)
    return result
  }
}
