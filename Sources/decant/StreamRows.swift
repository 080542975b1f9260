import Datasets
import Storage
import Streams

/// The rows of a data set one by one, like a stream.
struct StreamRows {
  /// The number of columns that words are hashed to: new words need no vocabulary.
  private static let hashedColumnCount = 1 << 18

  let labelCount: Int
  let featureCount: Int
  private let content: Documents.Content
  private let rows: [(split: Split, row: Int)]

  /// The rows of train, then those of test; shuffled if there is a seed.
  init(_ dataset: Dataset, shuffleSeed: UInt64?, limit: Int?) {
    labelCount = dataset.labels.count
    content = dataset.documents.content
    featureCount =
      switch content {
      case .texts: Self.hashedColumnCount
      case .features(let matrix, _): matrix.columnCount
      }
    var rows = [dataset.train, dataset.test].compactMap { $0 }.flatMap { split in
      (0..<split.count).map { (split: split, row: $0) }
    }
    if let shuffleSeed {
      var generator = SplitMix64(shuffleSeed)
      rows.shuffle(using: &generator)
    }
    self.rows = Array(rows.prefix(limit ?? rows.count))
  }

  var count: Int { rows.count }

  /// Dense if the first rows have more than a third of all columns.
  var likelyFeatures: StreamFeatures {
    guard case .features(let matrix, _) = content, matrix.columnCount > 0 else { return .sparse }
    let some = rows.prefix(100)
    let entries = some.reduce(0) {
      $0 + matrix.entries(ofRow: Int($1.split.documentIndices[$1.row])).count
    }
    return 3 * entries > some.count * matrix.columnCount ? .dense : .sparse
  }

  subscript(index: Int) -> StreamExample {
    let (split, row) = rows[index]
    let document = Int(split.documentIndices[row])
    var entries: [Int32: Double] = [:]
    switch content {
    case .texts(let texts):
      for word in texts[document].lowercased().split(whereSeparator: {
        !$0.isLetter && !$0.isNumber
      }) {
        entries[Self.column(of: word), default: 0] += 1
      }
      // Each repetition of a word adds less information.
      entries = entries.mapValues { $0.squareRoot() }
    case .features(let matrix, _):
      for entry in matrix.entries(ofRow: document) {
        entries[matrix.columns[entry], default: 0] += Double(matrix.values?[entry] ?? 1)
      }
    }
    let ordered = entries.filter { $0.value != 0 }.sorted { $0.key < $1.key }
    return StreamExample(
      columns: ordered.map(\.key), values: ordered.map(\.value),
      labels: split.labels.columns(ofRow: row).sorted())
  }

  /// FNV-1a, folded.
  private static func column(of word: Substring) -> Int32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return Int32((hash ^ hash >> 32) & UInt64(hashedColumnCount - 1))
  }
}
