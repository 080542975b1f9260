import CSearch
import Foundation
public import Torch

/// Vectors with names, to be searched: in memory, or in a file that is mapped.
///
/// The score of a row x for a query q is `scoreScale · (⟨q, x⟩ + bias)`. A row that is removed keeps
/// its place until `compacted()`; a row that is updated leaves its old place and gets a new one, so
/// that places are never used twice. Copies share their memory until one of them changes; a store
/// from a file is copied into memory by its first change.
public struct VectorStore: Sendable {
  /// How vectors are compared.
  public enum Metric: String, Codable, CaseIterable, Sendable {
    /// ⟨q, x⟩ plus the row's bias.
    case innerProduct
    /// The cosine of the angle: rows and queries are brought to length 1.
    case cosine
  }

  /// The kind of numbers.
  public let scalar: VectorScalar
  /// How vectors are compared.
  public let metric: Metric
  /// What inner products are multiplied by to become scores, above 0.
  public let scoreScale: Double
  /// What the vectors are and where they come from, in words for whoever opens the file.
  public var note: [String: String]
  private(set) var rows: VectorRows
  private(set) var ids: Identifiers
  /// The length of the longest vector as it is read back, and the largest size of a bias.
  private(set) var largest: (norm: Float, bias: Float) = (0, 0)
  /// The places that are removed.
  public private(set) var removedCount = 0
  /// Where names are; made for the first change.
  private var placeOfID: [String: Int]?

  /// An empty store.
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
    rows: VectorRows, ids: Identifiers, metric: Metric, scoreScale: Double, note: [String: String],
    largest: (norm: Float, bias: Float), removedCount: Int
  ) {
    scalar = rows.scalar
    self.rows = rows
    self.ids = ids
    self.metric = metric
    self.scoreScale = scoreScale
    self.note = note
    self.largest = largest
    self.removedCount = removedCount
  }

  /// The length of the vectors.
  public var dimension: Int { rows.dimension }
  /// The number of places, removed ones included.
  public var rowCount: Int { rows.count }
  /// The number of vectors.
  public var count: Int { rows.count - removedCount }
  /// Whether the vectors are read from a file.
  public var isMapped: Bool { rows.isMapped }

  /// The name of the vector at `row`.
  public func id(ofRow row: Int) -> String { ids[row] }
  /// Whether the vector at `row` was removed.
  public func isRemoved(_ row: Int) -> Bool {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows.isRemoved(row)
  }
  /// The vector at `row` as it is read back.
  public func vector(ofRow row: Int) -> [Float] {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows.vector(ofRow: row)
  }
  /// The bias of the vector at `row`.
  public func bias(ofRow row: Int) -> Float {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return rows[head: row].bias
  }

  /// Adds vectors behind the others.
  ///
  /// - Parameters:
  ///   - vectors: `[N, dimension]`, of any float type.
  ///   - ids: `[N]`, their names.
  ///   - biases: `[N]`, added to inner products; nil adds nothing.
  /// - Throws: `InputError` when a name is none or there already, a number is not finite or too large for
  ///   the store's numbers, or the parts do not fit; nothing is then added.
  public mutating func add(_ vectors: Tensor, ids names: [String], biases: Tensor? = nil) throws {
    try insert(vectors, names, biases, replacing: false)
  }

  /// Puts vectors in the place of those with the same names, and adds the others.
  ///
  /// - Parameters: as for `add(_:ids:biases:)`.
  /// - Throws: as for `add(_:ids:biases:)`, but for names that are there.
  public mutating func update(_ vectors: Tensor, ids names: [String], biases: Tensor? = nil) throws
  {
    try insert(vectors, names, biases, replacing: true)
  }

  /// Removes the vectors with these names.
  ///
  /// - Throws: `InputError` when there is no such name; nothing is then removed.
  public mutating func remove(ids names: [String]) throws {
    indexNames()
    for name in names where placeOfID?[name] == nil {
      throw InputError(
        file: "index", reason: "there is no “\(name)” to remove", expected: "names that are in it")
    }
    makeOwnRows(extraRows: 0)
    for name in names { removePlace(ofID: name) }
  }

  /// The same without the places of what was removed; rows move up.
  public func compacted() -> VectorStore {
    guard removedCount > 0 else { return self }
    var result = VectorStore(
      dimension: dimension, scalar: scalar, metric: metric, scoreScale: scoreScale, note: note)
    result.rows = VectorRows(scalar: scalar, dimension: dimension, capacity: count)
    for row in 0..<rowCount where !isRemoved(row) {
      result.rows.append(copyOfRow: row, in: rows)
      result.ids.append(ids[row])
    }
    result.largest = largest
    return result
  }

  private mutating func insert(
    _ vectors: Tensor, _ names: [String], _ biases: Tensor?, replacing: Bool
  ) throws {
    func refuse(_ reason: String, expected: String? = nil) -> InputError {
      InputError(file: "index", reason: reason, expected: expected)
    }
    guard vectors.shape == [names.count, dimension],
      biases.map({ $0.shape == [names.count] }) ?? true
    else {
      throw refuse(
        "vectors of shape \(vectors.shape) and biases of \(biases?.shape ?? []) for "
          + "\(names.count) names",
        expected: "[\(names.count), \(dimension)] and [\(names.count)]")
    }
    guard metric == .innerProduct || biases == nil else {
      throw refuse("biases where vectors are compared by angle")
    }
    guard rowCount + names.count <= Int(Int32.max) else {
      throw refuse("\(rowCount + names.count) rows", expected: "at most \(Int32.max)")
    }
    indexNames()
    let names = try names.map { try Name($0, of: "vector's name", from: "index").text }
    var new = Set<String>()
    for name in names where !new.insert(name).inserted || (!replacing && placeOfID?[name] != nil) {
      throw refuse("“\(name)” is there already", expected: "a name of its own for each vector")
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
      let place = rows.count - 1
      placeOfID?[name] = place
      largest.norm = max(largest.norm, norm(ofRow: place))
      largest.bias = max(largest.bias, abs(bias))
    }
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

  /// Brings all rows, with their biases, to one length in the eyes of the graph.
  ///
  /// - Parameter reach: that length; nil is that of the longest row.
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

  /// Divides a piece of `numbers` by its length, where that is not 0.
  static func normalize(_ numbers: inout [Float], _ range: Range<Int>) {
    let norm = numbers[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm > 0, norm.isFinite else { return }
    for index in range { numbers[index] = Float(Double(numbers[index]) / norm) }
  }
}
