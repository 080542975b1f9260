public import Storage
public import Torch

/// Keeps the few instances of a data set that the others attend to.
///
/// Instances are the nodes of a graph, each linked to its K nearest in groups that cost little to
/// search (`InstanceGroups`). An attention network learns the classes. Its first layer's shares
/// αᵢⱼₕ, that node i gives to j in head h, say how important an instance is:
///
///     sⱼ = (1 / H) Σₕ Σ_{i ≠ j} αᵢⱼₕ
///
/// The instances of the highest scores of each class are kept, as many as the class has in the
/// whole times a share, and at least one.
///
/// - Paper: Rustamov, Zaitouny, Zaki. Scalable Graph Attention-based Instance Selection via Mini-Batch
///   Sampling and Hierarchical Hashing. AI Open, 2025. <https://arxiv.org/abs/2502.20293>
/// - Gradient: the network's is that of its cross-entropy; that of `importance` reaches the
///   features and the layer's weights. The choice itself has none.
/// - Units: `importance` in nodes: the mean over nodes with neighbours besides themselves is below 1.
/// - Departures: neither the paper's equations nor its code was available, only the abstracts of
///   this paper and of its forerunner (<https://arxiv.org/abs/2412.19201>). From them are the graph
///   attention, stratified mini-batches by distance, hashing by random projections with one level,
///   several levels or several views, and scores by attention; the forerunner scores by the
///   network's confidence, `score` has both. Ours are the K nearest, the sum above, the shares by
///   class and all defaults.
/// - Complexity: O(N · size · F) for the graph with groups of `size`, O(N · K) numbers for the network.
public struct GAIS: Codable, Hashable, Sendable {
  /// The score that instances are kept by.
  public enum Score: String, Codable, Hashable, Sendable, CaseIterable {
    /// The attention that an instance receives from others.
    case attention
    /// The network's probability of the instance's class.
    case confidence
  }

  /// The groups in which neighbours are looked for.
  public var groups: InstanceGroups
  /// The largest number of instances of a group; default 256.
  public var groupSize: Int
  /// The number K of an instance's neighbours in a group; default 10.
  public var neighbours: Int
  /// The share of each class that is kept; default 0.05.
  public var keptShare: Double
  /// The score; default attention.
  public var score: Score
  /// The training of the network, a fifth of the instances held out; default 100 epochs at a rate
  /// of 0.01.
  public var training: NodeTraining

  /// Creates the settings.
  public init(
    groups: InstanceGroups = .strata, groupSize: Int = 256, neighbours: Int = 10,
    keptShare: Double = 0.05, score: Score = .attention,
    training: NodeTraining = NodeTraining(epochs: 100, weightPenalty: 0, patience: 20)
  ) {
    self.groups = groups
    self.groupSize = groupSize
    self.neighbours = neighbours
    self.keptShare = keptShare
    self.score = score
    self.training = training
  }

  /// The instances to keep, ascending.
  ///
  /// - Parameters:
  ///   - features: `[N, F]` float32, all of like scale.
  ///   - classes: the class of each instance, in 0 ..< `classCount`.
  ///   - seed: of the groups, of the network and of the held-out instances.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: more than one instance, one class for each, K > 0, `keptShare` in 0 … 1.
  public func callAsFunction(
    features: Tensor, classes: [Int], classCount: Int, seed: UInt64
  ) throws -> [Int] {
    precondition(
      classes.count > 1 && classes.allSatisfy { (0..<classCount).contains($0) },
      "\(classes.count) instances of \(classCount) classes")
    precondition((0...1).contains(keptShare), "a share of \(keptShare)")
    var random = SplitMix64(seed)
    let graph = try graph(of: features, classes: classes, using: &random)
    let propagation = GraphAttention.propagation(of: graph)
    let network = GraphNetwork<GraphAttention>(
      attentionFrom: features.size(along: 1), to: classCount, attentionDropout: 0.2,
      generator: Generator(seed: random.next()))
    let order = classes.indices.shuffled(using: &random)
    let held = max(1, order.count / 5)
    let inputs = NodeFeatures.dense(features)
    _ = try training(
      network, features: inputs, over: propagation, classes: classes,
      train: Array(order.dropFirst(held)), validation: Array(order.prefix(held)))
    let scores = try withoutGradients {
      switch score {
      case .attention:
        return try Self.importance(network.layers[0], inputs, over: propagation).doubles()
      case .confidence:
        return try network(inputs, over: propagation)
          .crossEntropies(ofClasses: Tensor(classes.map(Int64.init))).doubles().map { -$0 }
      }
    }
    return Self.kept(scores, classes: classes, share: keptShare)
  }

  /// The importance s of each node under a layer, `[V]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public static func importance(
    _ layer: GraphAttention, _ features: NodeFeatures, over propagation: SparseMatrix
  ) throws -> Tensor {
    let places = propagation.places
    let shares = try layer.shares(features, over: propagation).mean(along: 1)
    let others = shares.replacing(where: places.rows.isEqual(to: places.columns), with: 0)
    return try places.transposed.rowSums(of: others).reshaped([features.nodeCount])
  }

  /// The instances of the highest scores of each class, ascending; the first of equal ones.
  public static func kept(_ scores: [Double], classes: [Int], share: Double) -> [Int] {
    Dictionary(grouping: classes.indices, by: { classes[$0] }).values.flatMap { members in
      let count = max(1, Int((share * Double(members.count)).rounded()))
      return members.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(count)
    }.sorted()
  }

  /// The graph that links each instance to its nearest in each of its groups, in both directions.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func graph(
    of features: Tensor, classes: [Int], using random: inout SplitMix64
  ) throws -> Graph {
    precondition(neighbours > 0, "\(neighbours) neighbours")
    var edges: [(source: Int, target: Int)] = []
    for group in groups(of: features, classes: classes, size: groupSize, using: &random)
    where group.count > 1 {
      let rows = features.gathered(rows: Tensor(group.map(Int64.init)))
      // Itself is nearer than any other, and is not asked for.
      let distances =
        rows.distances(to: rows) + Tensor.identity(group.count, dtype: rows.dtype) * 1e30
      let nearest = (-distances).largest(min(neighbours, group.count - 1), along: 1).indices
      let count = nearest.size(along: 1)
      for (place, other) in nearest.array(of: Int64.self).enumerated() {
        edges.append((source: group[Int(other)], target: group[place / count]))
      }
    }
    return try Graph(nodeCount: classes.count, edges: edges)
  }
}
