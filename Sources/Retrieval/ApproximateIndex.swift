public import Evaluation
public import Torch

/// Finds nearly the best vectors for queries by comparing each query with few of them, along a graph
/// of neighbours.
///
/// What is found has exact scores and the order of `ExactSearch`; what is missed depends on the
/// breadth of the search. Rows that are added, updated or removed count at once, without the graph
/// being built anew; removed ones still lead the way, so that many of them make searches slower:
/// `compacted()` builds a graph without them. An index from a file is mapped and shared between
/// processes; its first change copies it into memory.
///
/// Searches may run in several threads at once; a change waits for them and they for it.
///
/// - Paper: Malkov, Yashunin. Efficient and robust approximate nearest neighbor search using
///   Hierarchical Navigable Small World graphs. IEEE TPAMI 42(4), 2020.
///   <https://arxiv.org/abs/1603.09320>
/// - Departures: the graph compares vectors x of different lengths as (x, bias, √(M² − ‖x‖² − bias²)),
///   all of length M, for which the largest inner product is the smallest distance, after Bachrach et
///   al., Speeding up the Xbox recommender system, RecSys 2014, section 3.
public final class ApproximateIndex: Sendable {
  /// How a graph is built.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Neighbours a row has, twice as many on the lowest level: more cost memory and time and find
    /// more.
    ///
    /// The default is the authors' example's.
    public var connectivity: Int
    /// Candidates that a new row is compared with.
    ///
    /// The default is the search library's.
    public var breadth: Int
    /// Threads to build with; nil is as many as there are processors.
    public var threads: Int?

    /// Describes a graph.
    public init(connectivity: Int = 16, breadth: Int = 128, threads: Int? = nil) {
      self.connectivity = connectivity
      self.breadth = breadth
      self.threads = threads
    }
  }

  private struct State {
    var store: VectorStore
    var graph: Graph
    /// The length that the graph compares rows at.
    var reach: Float
    /// Where both came from, until the first change.
    var file: (file: MappedFile, graph: Range<Int>)?
  }

  /// The reason of the `InputError` for a file that holds vectors only.
  public static let hasNoGraph = "the index has no graph"
  /// How new rows are added.
  public let configuration: Configuration
  private let lock = ReadWriteLock()
  nonisolated(unsafe) private var state: State

  /// Builds a graph over the vectors of `store`, which it compacts first.
  ///
  /// - Parameter report: is told now and then how many rows are done.
  /// - Throws: `SearchError` when there is no search library, or it refuses.
  /// - Precondition: `connectivity` ≥ 2, `breadth` ≥ 1.
  public init(
    _ store: VectorStore, configuration: Configuration = Configuration(),
    reporting report: (Int) -> Void = { _ in }
  ) throws {
    precondition(
      configuration.connectivity >= 2 && configuration.breadth >= 1,
      "a graph of \(configuration.connectivity) neighbours, breadth \(configuration.breadth)")
    self.configuration = configuration
    var store = store.compacted()
    let graph = try Graph(connectivity: configuration.connectivity)
    let reach = store.complement(rowsFrom: 0, reach: nil)
    try graph.grow(
      to: store.rows, breadth: configuration.breadth, threads: Self.threads(configuration),
      reporting: report)
    state = State(store: store, graph: graph, reach: reach, file: nil)
  }

  /// Maps an index that `write(to:)` has written.
  ///
  /// - Parameters:
  ///   - configuration: how rows are added to it; the connectivity stays as it was built.
  ///   - verifying: whether to compare the check sums of vectors and graph, which reads them once.
  ///     That the graph's links lead to rows is checked in any case.
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is no index, has no graph
  ///   or is damaged; `SearchError` when there is no search library.
  public init(
    path: String, configuration: Configuration = Configuration(), verifying: Bool = true
  ) throws {
    let content = try IndexFile.read(path, verifying: verifying)
    guard let (range, reach) = content.graph else {
      throw InputError(
        file: path, reason: Self.hasNoGraph, expected: "one written with a graph, or exact search")
    }
    let graph = try Graph(content.file, range, borrowing: true)
    guard graph.count == content.store.rowCount else {
      throw InputError(
        file: path,
        reason: "the graph has \(graph.count) rows for \(content.store.rowCount) vectors")
    }
    self.configuration = configuration
    state = State(
      store: content.store, graph: graph, reach: reach, file: (content.file, range))
  }

  /// What is searched, as it is now.
  public var store: VectorStore { lock.reading { state.store } }

  /// The memory of the graph in bytes; that of a mapped one is the system's.
  public var graphMemory: Int { lock.reading { state.graph.memory } }

  /// Nearly the best `k` vectors of each query, best first; fewer where there are fewer.
  ///
  /// - Parameters:
  ///   - queries: `[N, dimension]`, of any float type.
  ///   - breadth: how many candidates are kept on the way, at least `k`: more find more and take
  ///     longer.
  ///   - threads: how many share the queries.
  /// - Returns: rows of the store as labels; `store.id(ofRow:)` names them.
  /// - Throws: `InputError` when the shape does not fit or a number is not finite; `SearchError`.
  /// - Precondition: `k` and `threads` ≥ 1.
  public func search(_ queries: Tensor, k: Int, breadth: Int = 64, threads: Int = 1) throws -> TopK
  {
    precondition(k >= 1 && threads >= 1, "the best \(k) by \(threads) threads")
    return try lock.reading {
      let store = state.store
      let prepared = try Queries(queries, for: store)
      let wanted = min(k, max(store.rowCount, 1))
      let found = try state.graph.search(
        prepared, in: store.rows, hasRemoved: store.removedCount > 0, k: wanted,
        breadth: max(breadth, wanted), threads: threads)
      return try prepared.ranking(of: found, in: store, k: k)
    }
  }

  /// Adds vectors; see `VectorStore.add(_:ids:biases:)`.
  public func add(_ vectors: Tensor, ids: [String], biases: Tensor? = nil) throws {
    try change { try $0.add(vectors, ids: ids, biases: biases) }
  }

  /// Replaces or adds vectors; see `VectorStore.update(_:ids:biases:)`.
  public func update(_ vectors: Tensor, ids: [String], biases: Tensor? = nil) throws {
    try change { try $0.update(vectors, ids: ids, biases: biases) }
  }

  /// Removes vectors; see `VectorStore.remove(ids:)`.
  public func remove(ids: [String]) throws {
    try change { try $0.remove(ids: ids) }
  }

  private func change(_ body: (inout VectorStore) throws -> Void) throws {
    try lock.writing {
      if let (file, range) = state.file {
        state.graph = try Graph(file, range, borrowing: false)
        state.file = nil
      }
      let before = state.store.rowCount
      try body(&state.store)
      guard state.store.rowCount > before else { return }
      // The first rows of an empty index say how long rows are.
      let reach = state.store.complement(
        rowsFrom: before, reach: before == 0 ? nil : state.reach)
      state.reach = reach
      try state.graph.grow(
        to: state.store.rows, breadth: configuration.breadth,
        threads: Self.threads(configuration))
    }
  }

  /// The same without what was removed, over a new graph.
  ///
  /// - Throws: `SearchError` when the search library refuses.
  public func compacted() throws -> ApproximateIndex {
    try ApproximateIndex(store, configuration: configuration)
  }

  /// Writes vectors and graph into one file, in one atomic step.
  ///
  /// - Throws: `FileError` when it cannot be written; `SearchError`.
  public func write(to path: String) throws {
    try lock.reading {
      let bytes = try state.graph.bytes()
      defer { bytes.deallocate() }
      try IndexFile.write(
        state.store, graph: (UnsafeRawBufferPointer(bytes), state.reach), to: path)
    }
  }

  private static func threads(_ configuration: Configuration) -> Int {
    configuration.threads ?? MachineShare.current.processors
  }
}
