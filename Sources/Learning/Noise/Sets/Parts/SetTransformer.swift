import Storage
public import Torch

/// Which rows of a matrix are the members of which set: sets lie one after the other.
public struct SetRows: Hashable, Sendable {
  /// The rows of each set.
  public let ranges: [Range<Int>]

  /// Creates sets of the given numbers of members.
  ///
  /// - Precondition: none is negative.
  public init(sizes: [Int]) {
    precondition(sizes.allSatisfy { $0 >= 0 }, "sets of \(sizes) members")
    var first = 0
    ranges = sizes.map { size in
      defer { first += size }
      return first..<(first + size)
    }
  }

  /// `[sets · count, members]`: `count` rows for each set, each with its members.
  func members(rows count: Int) -> SparsePlaces {
    SparsePlaces(
      CSRMatrix(
        rows: ranges.flatMap { [[Int]](repeating: Array($0), count: count) },
        columnCount: ranges.last?.upperBound ?? 0))
  }

  /// The same with rows and columns exchanged.
  func owners(columns count: Int) -> SparsePlaces {
    SparsePlaces(
      CSRMatrix(
        rows: ranges.enumerated().flatMap { set, rows in
          [[Int]](repeating: Array((set * count)..<((set + 1) * count)), count: rows.count)
        }, columnCount: ranges.count * count))
  }
}

/// `SetAttention` with linear maps to keys and values.
final class AttentionBlock: Layer, Sendable {
  let attention: SetAttention
  let keys: Linear
  let values: Linear

  init(queries: Int, members: Int, width: Int, heads: Int, generator: Generator) {
    attention = SetAttention(
      from: queries, width: width, heads: heads, isNormalized: false, generator: generator)
    keys = Linear(from: members, to: width, generator: generator)
    values = Linear(from: members, to: width, generator: generator)
  }

  var parameters: [(name: String, tensor: Tensor)] {
    attention.parameters(under: "attention") + keys.parameters(under: "keys")
      + values.parameters(under: "values")
  }

  func callAsFunction(_ inputs: Tensor, to members: Tensor, over places: SparsePlaces) throws
    -> Tensor
  {
    try attention(inputs, keys: keys(members), values: values(members), over: places)
  }
}

/// A vector for a set of vectors, whatever their order: a set transformer.
///
/// Two induced blocks of attention among the members, a seed that attends to them, two blocks of the
/// seed alone, and a linear layer. (Lee, Lee, Kim, Kosiorek, Choi, Teh. Set Transformer. ICML 2019.)
public final class SetTransformer: Layer, Sendable {
  private let induced: [(points: Tensor, toMembers: AttentionBlock, toPoints: AttentionBlock)]
  private let seed: Tensor
  private let pooling: AttentionBlock
  private let blocks: [AttentionBlock]
  private let output: Linear

  /// Creates a network with random weights.
  ///
  /// - Precondition: `hidden` is a multiple of `heads`.
  public init(
    from inputs: Int, to outputs: Int, inducedPoints: Int, hidden: Int, heads: Int,
    generator: Generator
  ) {
    func vectors(_ count: Int) -> Tensor {
      let bound = (6 / Double(count + hidden)).squareRoot()
      return .uniform([count, hidden], in: -bound..<bound, generator: generator)
        .requiringGradient()
    }
    func block(_ queries: Int, _ members: Int) -> AttentionBlock {
      AttentionBlock(
        queries: queries, members: members, width: hidden, heads: heads, generator: generator)
    }
    induced = [inputs, hidden].map { width in
      (vectors(inducedPoints), block(hidden, width), block(width, hidden))
    }
    seed = vectors(1)
    pooling = block(hidden, hidden)
    blocks = (0..<2).map { _ in block(hidden, hidden) }
    output = Linear(from: hidden, to: outputs, generator: generator)
  }

  /// Those of `induced.0`, `induced.1`, `seed`, `pooling`, `blocks.0`, `blocks.1` and `output`.
  public var parameters: [(name: String, tensor: Tensor)] {
    induced.enumerated().flatMap { index, part in
      [("induced.\(index).points", part.points)]
        + part.toMembers.parameters(under: "induced.\(index).toMembers")
        + part.toPoints.parameters(under: "induced.\(index).toPoints")
    } + [("seed", seed)] + pooling.parameters(under: "pooling")
      + blocks.enumerated().flatMap { $0.element.parameters(under: "blocks.\($0.offset)") }
      + output.parameters(under: "output")
  }

  /// Applies the network, `[members, D]` → `[sets, outputs]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ members: Tensor, in sets: SetRows) throws -> Tensor {
    func each(_ vectors: Tensor) -> Tensor {
      .concatenated([Tensor](repeating: vectors, count: sets.ranges.count))
    }
    var rows = members
    for part in induced {
      let count = part.points.size(along: 0)
      let points = try part.toMembers(each(part.points), to: rows, over: sets.members(rows: count))
      rows = try part.toPoints(rows, to: points, over: sets.owners(columns: count))
    }
    var result = try pooling(each(seed), to: rows, over: sets.members(rows: 1))
    let alone = SetRows(sizes: sets.ranges.map { _ in 1 }).members(rows: 1)
    for block in blocks { result = try block(result, to: result, over: alone) }
    return output(result)
  }
}
