public import Evaluation
import Storage
public import Torch

/// Finds approximately the best vectors for queries by comparing each query with few of them, along
/// a graph of neighbours.
///
/// Vectors that are found have exact scores and the order of `ExactSearch`; the breadth of the
/// search determines how many are missed. Added, updated and removed rows take effect immediately,
/// without rebuilding the graph. Removed rows are still traversed, so that many of them slow down
/// searches: `compacted()` builds a graph without them. An index from a file is mapped and shared
/// between processes; its first change copies it into memory.
///
/// Several threads may search at once; changes and searches wait for each other.
///
/// - Paper: Malkov, Yashunin. Efficient and robust approximate nearest neighbor search using
///   Hierarchical Navigable Small World graphs. IEEE TPAMI 42(4), 2020.
///   <https://arxiv.org/abs/1603.09320>
/// - Departures: the graph compares vectors x of different lengths as (x, bias, √(M² − ‖x‖² −
///   bias²)), all of length M, for which the largest inner product is the smallest distance, after
///   Bachrach et al., Speeding up the Xbox recommender system, RecSys 2014, section 3.
public final class ApproximateIndex: Sendable {
  /// The parameters of building a graph.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of neighbours per row, twice as many on the lowest level: higher values cost
    /// memory and time and increase recall.
    ///
    /// The default is that of the authors' example.
    public var connectivity: Int
    /// The number of candidates that a new row is compared with.
    ///
    /// The default is the search library's.
    public var breadth: Int
    /// The number of threads for building; nil means as many as there are processors.
    public var threads: Int?

    /// Creates a configuration.
    public init(connectivity: Int = 16, breadth: Int = 128, threads: Int? = nil) {
      self.connectivity = connectivity
      self.breadth = breadth
      self.threads = threads
    }
  }

  private struct State {
    var store: VectorStore
    var graph: Graph
    /// The vector length for comparisons in the graph.
    var reach: Float
    /// The origin of both, until the first change.
    var file: (file: MappedFile, graph: Range<Int>)?
  }

  /// The reason of the `InputError` for a file with vectors but without a graph.
  public static let hasNoGraph = "the index has no graph"
  /// The parameters for adding new rows.
  public let configuration: Configuration
  private let lock = ReadWriteLock()
  nonisolated(unsafe) private var state: State

  /// Builds a graph over the vectors of `store`, which it compacts first.
  ///
  /// - Parameter report: called now and then with the number of rows done.
  /// - Throws: `SearchError` when the search library is missing or fails.
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

  /// Maps an index written by `write(to:)`.
  ///
  /// - Parameters:
  ///   - configuration: the parameters for adding rows; the connectivity remains that of the file.
  ///   - verifying: whether to verify the checksums of vectors and graph, which reads both once.
  ///     The graph's links are always checked to lead to rows.
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is not an index, has no
  ///   graph or is damaged; `SearchError` when there is no search library.
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

  /// The current contents.
  public var store: VectorStore { lock.reading { state.store } }

  /// The graph's memory in bytes; a mapped graph uses the page cache instead.
  public var graphMemory: Int { lock.reading { state.graph.memory } }

  /// Approximately the best `k` vectors of each query, best first; fewer if there are fewer.
  ///
  /// - Parameters:
  ///   - queries: `[N, dimension]`, of any float type.
  ///   - breadth: the number of candidates kept during the search, at least `k`: higher values
  ///     increase recall and take longer.
  ///   - threads: the number of threads that share the queries.
  /// - Returns: rows of the store as labels; `store.id(ofRow:)` names them.
  /// - Throws: `InputError` when the shape is wrong or a number is not finite; `SearchError`.
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

  /// Adds vectors; see `VectorStore.add(_:ids:texts:biases:)`.
  public func add(
    _ vectors: Tensor, ids: [String], texts: [String]? = nil, biases: Tensor? = nil
  ) throws {
    try change { try $0.add(vectors, ids: ids, texts: texts, biases: biases) }
  }

  /// Replaces or adds vectors; see `VectorStore.update(_:ids:texts:biases:)`.
  public func update(
    _ vectors: Tensor, ids: [String], texts: [String]? = nil, biases: Tensor? = nil
  ) throws {
    try change { try $0.update(vectors, ids: ids, texts: texts, biases: biases) }
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
      // The first rows of an empty index determine the vector length.
      let reach = state.store.complement(
        rowsFrom: before, reach: before == 0 ? nil : state.reach)
      state.reach = reach
      try state.graph.grow(
        to: state.store.rows, breadth: configuration.breadth,
        threads: Self.threads(configuration))
    }
  }

  /// This index without removed rows, over a new graph.
  ///
  /// - Throws: `SearchError` when the search library fails.
  public func compacted() throws -> ApproximateIndex {
    try ApproximateIndex(store, configuration: configuration)
  }

  /// Writes vectors and graph to one file, atomically.
  ///
  /// - Throws: `FileError` when it cannot be written; `SearchError`.
  public func write(to path: String) throws {
    try lock.reading {
      let bytes = try state.graph.bytes()
      defer { bytes.deallocate() }
      try IndexFile.write(
        state.store, extra: .graph(UnsafeRawBufferPointer(bytes), reach: state.reach), to: path)
    }
  }

  private static func threads(_ configuration: Configuration) -> Int {
    configuration.threads ?? MachineShare.current.processors
  }
}
