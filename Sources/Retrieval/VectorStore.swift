import CSearch
import Foundation
import Storage
public import Torch

/// Named vectors to search: in memory, or in a mapped file.
///
/// The score of a row x for a query q is `scoreScale · (⟨q, x⟩ + bias)`. A removed row keeps its
/// index until `compacted()`; an updated row is removed and added at a new index, so that indices
/// are never reused. Copies share their memory until one of them changes; the first change of a
/// store from a file copies it into memory.
public struct VectorStore: Sendable {
  /// The ways to compare vectors.
  public enum Metric: String, Codable, CaseIterable, Sendable {
    /// ⟨q, x⟩ plus the row's bias.
    case innerProduct
    /// The cosine of the angle: rows and queries are scaled to length 1.
    case cosine
  }

  /// The number type.
  public let scalar: VectorScalar
  /// The way to compare vectors.
  public let metric: Metric
  /// The factor that turns inner products into scores, above 0.
  public let scoreScale: Double
  /// A description and the origin of the vectors, for readers of the file.
  public var note: [String: String]
  private(set) var rows: VectorRows
  private(set) var ids: Identifiers
  /// The text of each row, empty for none; nil if no row has one.
  private(set) var texts: Identifiers?
  /// The length of the longest vector, as read back, and the largest magnitude of a bias.
  private(set) var largest: (norm: Float, bias: Float) = (0, 0)
  /// The number of removed rows.
  public private(set) var removedCount = 0
  /// The index of each name; built for the first change.
  private var placeOfID: [String: Int]?

  /// Creates an empty store.
  ///
  /// - Precondition: `dimension` ≥ 1, `scoreScale` is above 0 and finite.
  public init(
    dimension: Int, scalar: VectorScalar = .float32, metric: Metric = .innerProduct,
    scoreScale: Double = 1, note: [String: String] = [:]
  ) {
    precondition(
      dimension >= 1 && scoreScale > 0 && scoreScale.isFinite,
      "vectors of \(dimension) numbers, scores times \(scoreScale)")
    self.scalar = scalar
    self.metric = metric
    self.scoreScale = scoreScale
    self.note = note
    rows = VectorRows(scalar: scalar, dimension: dimension, capacity: 0)
    ids = Identifiers()
  }

  init(
    rows: VectorRows, ids: Identifiers, texts: Identifiers?, metric: Metric, scoreScale: Double,
    note: [String: String],
    largest: (norm: Float, bias: Float), removedCount: Int
  ) {
    scalar = rows.scalar
    self.rows = rows
    self.ids = ids
    self.texts = texts
    self.metric = metric
    self.scoreScale = scoreScale
    self.note = note
    self.largest = largest
    self.removedCount = removedCount
  }

  /// The length of the vectors.
  public var dimension: Int { rows.dimension }
  /// The number of rows, removed ones included.
  public var rowCount: Int { rows.count }
  /// The number of vectors.
  public var count: Int { rows.count - removedCount }
  /// Whether the vectors are read from a file.
  public var isMapped: Bool { rows.isMapped }

  /// The name of the vector at `row`.
  public func id(ofRow row: Int) -> String { ids[row] }
  /// Whether any row has a text.
  public var hasTexts: Bool { texts != nil }
  /// The text of the vector at `row`; nil if it has none.
  public func text(ofRow row: Int) -> String? {
    guard let text = texts?[row], !text.isEmpty else { return nil }
    return text
  }
  /// Whether the vector at `row` was removed.
  public func isRemoved(_ row: Int) -> Bool {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows.isRemoved(row)
  }
  /// The vector at `row`, as read back.
  public func vector(ofRow row: Int) -> [Float] {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows.vector(ofRow: row)
  }
  /// The bias of the vector at `row`.
  public func bias(ofRow row: Int) -> Float {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows[head: row].bias
  }

  /// Appends vectors.
  ///
  /// - Parameters:
  ///   - vectors: `[N, dimension]`, of any float type.
  ///   - names: `[N]`, one for each vector.
  ///   - texts: `[N]`, their meanings for readers; nil or empty for none.
  ///   - biases: `[N]`, added to inner products; nil adds nothing.
  /// - Throws: `ValueError` when a name is invalid or exists already, a number is not finite or too
  ///   large for the store's number type, or shapes do not match; nothing is added then.
  public mutating func add(
    _ vectors: Tensor, ids names: [String], texts: [String]? = nil, biases: Tensor? = nil
  ) throws {
    try insert(vectors, names, texts, biases, replacing: false)
  }

  /// Replaces the vectors with the same names, and adds the others.
  ///
  /// - Parameters: as for `add(_:ids:texts:biases:)`.
  /// - Throws: the same errors as `add(_:ids:texts:biases:)`, except for existing names.
  public mutating func update(
    _ vectors: Tensor, ids names: [String], texts: [String]? = nil, biases: Tensor? = nil
  ) throws {
    try insert(vectors, names, texts, biases, replacing: true)
  }

  /// Removes the vectors with these names.
  ///
  /// - Throws: `ValueError` when there is no such name; nothing is removed then.
  public mutating func remove(ids names: [String]) throws {
    indexNames()
    for name in names where placeOfID?[name] == nil {
      throw ValueError(
        "index", reason: "there is no “\(name)” to remove", expected: "names in the index")
    }
    makeOwnRows(extraRows: 0)
    for name in names { removePlace(ofID: name) }
  }

  /// This store without removed rows; later rows move up.
  public func compacted() -> VectorStore {
    guard removedCount > 0 else { return self }
    var result = VectorStore(
      dimension: dimension, scalar: scalar, metric: metric, scoreScale: scoreScale, note: note)
    result.rows = VectorRows(scalar: scalar, dimension: dimension, capacity: count)
    for row in 0..<rowCount where !isRemoved(row) {
      result.rows.append(copyOfRow: row, in: rows)
      result.ids.append(ids[row])
      if let text = texts?[row] { result.append(text: text) }
    }
    result.largest = largest
    return result
  }

  private mutating func insert(
    _ vectors: Tensor, _ names: [String], _ newTexts: [String]?, _ biases: Tensor?,
    replacing: Bool
  ) throws {
    func refuse(_ reason: String, expected: String? = nil) -> ValueError {
      ValueError("index", reason: reason, expected: expected)
    }
    guard vectors.shape == [names.count, dimension],
      biases.map({ $0.shape == [names.count] }) ?? true
    else {
      throw refuse(
        "vectors of shape \(vectors.shape) and biases of \(biases?.shape ?? []) for "
          + "\(names.count) names",
        expected: "[\(names.count), \(dimension)] and [\(names.count)]")
    }
    guard newTexts.map({ $0.count == names.count }) ?? true else {
      throw refuse("\(newTexts?.count ?? 0) texts for \(names.count) names")
    }
    guard metric == .innerProduct || biases == nil else {
      throw refuse("biases for vectors that are compared by angle")
    }
    guard rowCount + names.count <= Int(Int32.max) else {
      throw refuse("\(rowCount + names.count) rows", expected: "at most \(Int32.max)")
    }
    indexNames()
    let names = try names.map { try Name($0, of: "vector's name", from: "index").text }
    var new = Set<String>()
    for name in names where !new.insert(name).inserted || (!replacing && placeOfID?[name] != nil) {
      throw refuse("“\(name)” exists already", expected: "a unique name for each vector")
    }
    var numbers = vectors.converted(to: .float32).array(of: Float.self)
    let offsets = biases?.converted(to: .float32).array(of: Float.self)
    for (row, name) in names.enumerated() {
      let range = row * dimension..<(row + 1) * dimension
      if metric == .cosine { VectorStore.normalize(&numbers, range) }
      let fits = numbers.withUnsafeBufferPointer {
        scalar.holds(UnsafeBufferPointer(rebasing: $0[range]))
      }
      guard fits, offsets?[row].isFinite ?? true else {
        throw refuse(
          "the vector of “\(name)” has a number that is not finite or too large for \(scalar)")
      }
    }
    makeOwnRows(extraRows: names.count)
    for (row, name) in names.enumerated() {
      removePlace(ofID: name)
      let bias = offsets?[row] ?? 0
      numbers.withUnsafeBufferPointer {
        rows.append(
          UnsafeBufferPointer(rebasing: $0[row * dimension..<(row + 1) * dimension]), bias: bias)
      }
      ids.append(name)
      if let text = newTexts?[row] ?? texts.map({ _ in "" }) { append(text: text) }
      let place = rows.count - 1
      placeOfID?[name] = place
      largest.norm = max(largest.norm, norm(ofRow: place))
      largest.bias = max(largest.bias, abs(bias))
    }
  }

  /// Adds the text of the last row; rows before it have none unless they were given one.
  private mutating func append(text: String) {
    guard texts != nil || !text.isEmpty else { return }
    if texts == nil { texts = Identifiers() }
    // Changed in place: a copy for each row would take quadratic time.
    while let count = texts?.count, count < ids.count - 1 { texts?.append("") }
    texts?.append(text)
  }

  private func norm(ofRow row: Int) -> Float {
    Float(
      rows.vector(ofRow: row).reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
  }

  private mutating func removePlace(ofID name: String) {
    guard let place = placeOfID?.removeValue(forKey: name) else { return }
    rows[head: place].is_removed = 1
    removedCount += 1
  }

  private mutating func indexNames() {
    guard placeOfID == nil else { return }
    var places = [String: Int](minimumCapacity: rowCount)
    for row in 0..<rowCount where !isRemoved(row) { places[ids[row]] = row }
    placeOfID = places
  }

  private mutating func makeOwnRows(extraRows: Int) {
    if rows.isMapped || !isKnownUniquelyReferenced(&rows) {
      rows = rows.copied(extraRows: extraRows)
    }
  }

  /// Gives all rows, with their biases, the same length for the graph.
  ///
  /// - Parameter reach: that length; nil means that of the longest row.
  mutating func complement(rowsFrom first: Int, reach: Float?) -> Float {
    makeOwnRows(extraRows: 0)
    func square(_ row: Int) -> Double {
      let norm = Double(norm(ofRow: row))
      let bias = Double(rows[head: row].bias)
      return norm * norm + bias * bias
    }
    let longest = reach ?? Float((first..<rowCount).map(square).max()?.squareRoot() ?? 0)
    for row in first..<rowCount {
      rows[head: row].complement = Float(
        max(0, Double(longest) * Double(longest) - square(row)).squareRoot())
    }
    return longest
  }

  /// Divides a slice of `numbers` by its length, unless that is 0.
  static func normalize(_ numbers: inout [Float], _ range: Range<Int>) {
    let norm = numbers[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm > 0, norm.isFinite else { return }
    for index in range { numbers[index] = Float(Double(numbers[index]) / norm) }
  }
}
