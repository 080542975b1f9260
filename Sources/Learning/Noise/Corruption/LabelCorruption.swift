internal import Foundation
internal import Storage

/// Wrong and weak labels made from right ones, to measure how methods cope with them.
///
/// An example's labels depend on the seed and on its index alone, so that they are the same in every
/// subset. Only the examples named for training change; those to choose and to test by stay clean.
///
///     by class:    P(given j | true i) = T[i][j]
///     by instance: rᵢ ~ N(rate, 0.1²) within 0 … 1, W_c ~ N(0, 1),
///                  P(given j | xᵢ) = rᵢ softmax_{j ≠ yᵢ}(xᵢ W_{yᵢ}), and 1 − rᵢ for yᵢ
///
/// - Paper: Xia, Liu, Han, Wang, Gong, Liu, Niu, Tao, Sugiyama. Part-dependent Label Noise: Towards
///   Instance-dependent Label Noise. NeurIPS 2020, algorithm 2, for noise by instance.
///   <https://arxiv.org/abs/2006.07836>
/// - Gradient: none; labels are drawn.
/// - Units: classes, counted from 0; rates from 0 to 1.
/// - Departures: written from the algorithm; the authors' code was not at hand. Inputs are taken as they
///   are: scale them, or one class takes all.
public struct LabelCorruption: Codable, Hashable, Sendable {
  /// The random seed.
  public var seed: UInt64

  /// Creates the corruption that a seed identifies.
  public init(seed: UInt64) { self.seed = seed }

  /// The classes, with those of the training examples redrawn by a transition matrix.
  ///
  /// - Precondition: the matrix has a row for each class.
  public func flipped(_ classes: [Int], train: [Int], by transition: TransitionMatrix) -> [Int] {
    changed(classes, train, transition.count) { index, random in
      Self.draw(transition.rows[classes[index]], using: &random)
    }
  }

  /// The probabilities of the classes that noise by instance gives to an example.
  ///
  /// - Parameters:
  ///   - weights: W of the example's class, one row per feature, one column per class.
  ///   - rate: r, the example's probability of a wrong class.
  public static func probabilities(
    of input: [Double], class own: Int, weights: [[Double]], rate: Double
  ) -> [Double] {
    precondition(input.count == weights.count, "\(input.count) features, \(weights.count) weights")
    let scores = weights[0].indices.map { column in
      zip(input, weights).reduce(0) { $0 + $1.0 * $1.1[column] }
    }
    let others = scores.indices.filter { $0 != own }
    let peak = others.map { scores[$0] }.max() ?? 0
    let total = others.reduce(0) { $0 + exp(scores[$1] - peak) }
    return scores.indices.map { $0 == own ? 1 - rate : rate * exp(scores[$0] - peak) / total }
  }

  /// The classes, with those of the training examples redrawn depending on their inputs.
  ///
  /// - Parameters:
  ///   - inputs: the features of each example, of equal length.
  ///   - count: the number of classes.
  ///   - rate: the mean probability of a wrong class.
  public func flipped(
    _ classes: [Int], train: [Int], inputs: [[Double]], classCount count: Int, rate: Double
  ) -> [Int] {
    precondition((0...1).contains(rate), "the rate \(rate) is outside 0 … 1")
    precondition(
      inputs.count == classes.count && inputs.allSatisfy { $0.count == inputs[0].count },
      "\(inputs.count) inputs of \(classes.count) examples, or of different lengths")
    let width = inputs.first?.count ?? 0
    let weights = (0..<count).map { own in
      var random = SplitMix64(seed, 1, UInt64(own))
      return (0..<width).map { _ in (0..<count).map { _ in Self.normal(using: &random) } }
    }
    return changed(classes, train, count) { index, random in
      var chance = rate
      // A draw outside 0 … 1 is repeated; a rate at an end stays there.
      if rate > 0 && rate < 1 {
        repeat { chance = rate + 0.1 * Self.normal(using: &random) } while !(0...1).contains(chance)
      }
      return Self.draw(
        Self.probabilities(
          of: inputs[index], class: classes[index], weights: weights[classes[index]],
          rate: chance), using: &random)
    }
  }

  /// The classes, with those of the training examples replaced by drawings of `draw`.
  private func changed(
    _ classes: [Int], _ train: [Int], _ count: Int,
    _ draw: (_ index: Int, inout SplitMix64) -> Int
  ) -> [Int] {
    if let outside = classes.first(where: { $0 < 0 || $0 >= count }) {
      preconditionFailure("class \(outside) is outside 0 ..< \(count)")
    }
    var result = classes
    for index in train {
      var random = SplitMix64(seed, 0, UInt64(index))
      result[index] = draw(index, &random)
    }
    return result
  }

  static func draw(_ shares: [Double], using random: inout SplitMix64) -> Int {
    var rest = Double.random(in: 0..<1, using: &random)
    for (index, share) in shares.enumerated() {
      rest -= share
      if rest < 0 { return index }
    }
    // The shares sum to 1 up to rounding.
    return shares.lastIndex { $0 > 0 } ?? 0
  }

  /// Box and Muller.
  private static func normal(using random: inout SplitMix64) -> Double {
    let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
    return radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &random))
  }
}
