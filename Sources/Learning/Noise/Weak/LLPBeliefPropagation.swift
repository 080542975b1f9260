internal import Foundation
public import Torch

/// Pseudo-labels from the counts of positives in bags, by belief propagation.
///
/// Binary labels y of rows have a Gibbs distribution, with n_S the number of positives of bag S and k
/// the similarity of neighbours:
///
///     P(y) ∝ exp(−λ_b Σ_S (Σ_{i ∈ S} yᵢ − n_S)² − λ_s Σ_{(i, j)} k(i, j) [yᵢ ≠ yⱼ])
///
/// The pseudo-label of a row is its marginal P(yᵢ = 1), by loopy sum-product. A bag sends exact
/// messages, by the recursions of a chain whose state is the number of positives so far. The whole
/// method alternates: neighbours by embeddings, pseudo-labels, and a learner trained on them, whose
/// hidden layer is the next embedding.
///
/// - Paper: Havaldar, Sharma, Sareen, Shanmugam, Raghuveer. Learning from Label Proportions:
///   Bootstrapping Supervised Learners via Belief Propagation. ICLR 2024.
///   <https://arxiv.org/abs/2310.08056>
/// - Gradient: none; pseudo-labels are constants.
/// - Units: probabilities; λ_b in nats per squared row, λ_s in nats.
/// - Departures: neither the paper's equations nor code was available; potentials of a bag and of
///   neighbours, belief propagation and refinement follow the abstract, the form of the potentials
///   and the defaults are ours. Neighbours are symmetric, with k = 1 or the caller's.
public struct LLPBeliefPropagation: Codable, Hashable, Sendable {
  /// λ_b ≥ 0, the weight of bag counts.
  public var bagWeight: Double
  /// λ_s ≥ 0, the weight of similar neighbours' agreement.
  public var neighbourWeight: Double
  /// The number of rounds.
  public var rounds: Int
  /// The share of the last round's message that a message keeps, from 0 to below 1.
  public var damping: Double

  /// Creates the propagation.
  public init(
    bagWeight: Double = 1, neighbourWeight: Double = 0.5, rounds: Int = 50, damping: Double = 0.5
  ) {
    self.bagWeight = bagWeight
    self.neighbourWeight = neighbourWeight
    self.rounds = rounds
    self.damping = damping
  }

  /// Two rows with similar embeddings.
  public struct Edge: Hashable, Sendable {
    /// One row.
    public var first: Int
    /// The other row.
    public var second: Int
    /// The similarity k.
    public var weight: Double

    /// Creates an edge.
    public init(_ first: Int, _ second: Int, weight: Double = 1) {
      self.first = first
      self.second = second
      self.weight = weight
    }
  }

  /// The pseudo-labels.
  ///
  /// - Parameters:
  ///   - bags: the bags of the N rows.
  ///   - counts: the number of positives in each bag; a noisy one may be any number.
  ///   - edges: similar rows, each pair once.
  /// - Returns: P(yᵢ = 1) of each row.
  /// - Precondition: one count per bag; edges join two rows below N; λ_b, λ_s ≥ 0, damping in 0 ..< 1.
  /// - Complexity: O(rounds · (Σ_S |S|² + E)) time, O(max |S|² + E) memory.
  public func pseudoLabels(bags: Bags, counts: [Double], edges: [Edge]) -> [Double] {
    precondition(counts.count == bags.count, "\(counts.count) counts for \(bags.count) bags")
    precondition(
      bagWeight >= 0 && neighbourWeight >= 0 && (0..<1).contains(damping),
      "λ_b \(bagWeight), λ_s \(neighbourWeight), damping \(damping)")
    let total = bags.owners.count
    precondition(
      edges.allSatisfy {
        (0..<total).contains($0.first) && (0..<total).contains($0.second) && $0.first != $0.second
      }, "an edge that does not join two of \(total) rows")
    // Messages and beliefs are log-odds of y = 1.
    var fromBag = [Double](repeating: 0, count: total)
    var fromEdges = [(toFirst: Double, toSecond: Double)](repeating: (0, 0), count: edges.count)
    var belief = [Double](repeating: 0, count: total)
    for _ in 0..<max(1, rounds) {
      for (bag, rows) in bags.rows.enumerated() {
        let messages = BagMessages(weight: bagWeight, count: counts[bag])(
          rows.map { belief[$0] - fromBag[$0] })
        for (row, message) in zip(rows, messages) {
          let next = damping * fromBag[row] + (1 - damping) * message
          belief[row] += next - fromBag[row]
          fromBag[row] = next
        }
      }
      for (index, edge) in edges.enumerated() {
        let old = fromEdges[index]
        let strength = neighbourWeight * edge.weight
        // log of (e^{s + x} + 1) / (e^s + e^x), at most s.
        func message(_ odds: Double) -> Double {
          logSumExp(strength + odds, 0) - logSumExp(strength, odds)
        }
        let toFirst =
          damping * old.toFirst + (1 - damping) * message(belief[edge.second] - old.toSecond)
        let toSecond =
          damping * old.toSecond + (1 - damping) * message(belief[edge.first] - old.toFirst)
        belief[edge.first] += toFirst - old.toFirst
        belief[edge.second] += toSecond - old.toSecond
        fromEdges[index] = (toFirst, toSecond)
      }
    }
    return belief.map { 1 / (1 + exp(-$0)) }
  }

  /// Joins each row to its `count` nearest others by cosine; a pair is listed once.
  ///
  /// - Parameter embeddings: `[N, D]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Complexity: O(N² · D) time, O(1000 · N) memory.
  public static func neighbours(of embeddings: Tensor, count: Int) throws -> [Edge] {
    let total = embeddings.size(along: 0)
    precondition((1..<max(2, total)).contains(count), "\(count) neighbours of \(total) rows")
    return try withoutGradients {
      let rows = try checked { embeddings.detached().normalized() }
      var pairs: Set<Edge> = []
      for start in stride(from: 0, to: total, by: 1000) {
        let range = start..<min(total, start + 1000)
        let near = try checked {
          rows[range].matmul(rows.transposed()).largest(count + 1, along: 1).indices
        }.array(of: Int64.self).map { Int($0) }
        for (offset, row) in range.enumerated() {
          let others = near[offset * (count + 1)..<(offset + 1) * (count + 1)].filter { $0 != row }
          for other in others.prefix(count) { pairs.insert(Edge(min(row, other), max(row, other))) }
        }
      }
      // The order decides that of the messages.
      return pairs.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }
  }
}
