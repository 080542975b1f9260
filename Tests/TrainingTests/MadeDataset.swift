import Datasets
import Storage

/// A data set of texts whose labels follow from their words.
///
/// - Parameters:
///   - perDocument: the number of labels of a document.
///   - text: the text of a document, by its number and its first label.
func madeDataset(
  _ count: Int, labels labelCount: Int, labelTexts: Bool = false, perDocument: Int = 1,
  text: (Int, Int) -> String = { "words of topic\($1) and number\($0)" }
) -> Dataset {
  let rows = (0..<count).map { row in (0..<perDocument).map { (row * 7 + $0) % labelCount } }
  let documents = Documents(
    ids: TextColumn((0..<count).map { "d\($0)" }),
    content: .texts(TextColumn(rows.indices.map { text($0, rows[$0][0]) })))
  let train = Split(
    documentIndices: MappedArray((0..<count).map(Int32.init)),
    labels: CSRMatrix(rows: rows, columnCount: labelCount))
  return Dataset(
    documents: documents,
    labels: Labels(
      ids: TextColumn((0..<labelCount).map { "label\($0)" }),
      texts: labelTexts ? TextColumn((0..<labelCount).map { "topic\($0)" }) : nil),
    train: train, description: DatasetDescription(name: "made", statistics: .init(train: train)))
}
