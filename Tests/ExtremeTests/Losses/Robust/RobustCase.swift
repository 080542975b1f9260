import Foundation
import Kernels
import Storage
import TestSupport
import Torch

@testable import Extreme

/// A term with its defaults.
protocol UsualTerm: PositiveTerm {
  static var usual: Self { get }
}

extension GeneralizedTerm: UsualTerm { static var usual: Self { .init() } }
extension SymmetricTerm: UsualTerm { static var usual: Self { .init() } }
extension EarlyLearningTerm: UsualTerm { static var usual: Self { .init() } }
extension ReweightingTerm: UsualTerm { static var usual: Self { .init() } }

/// A loss that gives positives probabilities, over a score matrix by tensor operators.
protocol ProbabilityLoss: LabelLoss, LossOverLabels {
  static func composed(_ scores: Tensor, _ cells: PositiveCells) -> (
    logs: Tensor, weights: Tensor, rest: Tensor
  )
}

extension DecoupledSoftmaxLoss: ProbabilityLoss {
  static func composed(_ scores: Tensor, _ cells: PositiveCells) -> (
    logs: Tensor, weights: Tensor, rest: Tensor
  ) {
    let hidden = scores.replacing(where: cells.mask(like: scores), with: -.infinity)
    let isFull = cells.counts.isEqual(to: Double(scores.size(along: 1)))
    let negatives = hidden.replacing(where: isFull.expandingDimension(at: 1), with: 0)
      .logSumExp(along: 1).replacing(where: isFull, with: -.infinity)
    let logs = (scores.elements(at: cells.positions) - negatives.gathered(rows: cells.rows))
      .logSigmoid()
    return (logs, cells.weights, scores.sum() * 0)
  }
}

extension InfoNCELoss: ProbabilityLoss {
  static func composed(_ scores: Tensor, _ cells: PositiveCells) -> (
    logs: Tensor, weights: Tensor, rest: Tensor
  ) {
    (scores.logSoftmax(along: 1).elements(at: cells.positions), cells.weights, scores.sum() * 0)
  }
}

extension BinaryCrossEntropyLoss: ProbabilityLoss {
  static func composed(_ scores: Tensor, _ cells: PositiveCells) -> (
    logs: Tensor, weights: Tensor, rest: Tensor
  ) {
    let logs = scores.elements(at: cells.positions).logSigmoid()
    let others = (-scores).logSigmoid().replacing(where: cells.mask(like: scores), with: 0)
    return (logs, cells.grades * cells.rowWeight, others.sum() * -cells.rowWeight)
  }
}

extension RobustLoss: LabelLoss where Base: ProbabilityLoss, Term: UsualTerm {
  init(temperature: Double, blockSize: Int?) {
    self.init(Base(temperature: temperature, blockSize: blockSize), .usual)
  }

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let (logs, weights, rest) = Base.composed(scores, cells)
      let targets = term.targetMomentum.map { logs.detached().exp() * (1 - $0) }
      return rest + (term(logProbabilities: logs, targets: targets).value * weights).sum()
    }
  }
}

/// The equations of robust losses as loops.
enum RobustEquation {
  /// f(q) and −q f′(q) of all positives, from their log q.
  typealias Terms = @Sendable ([Double]) -> [(value: Double, factor: Double)]

  /// The decoupled softmax with the terms of positives.
  static func softmax(_ terms: @escaping Terms) -> Equation {
    { scores, positives in
      let rows = Double(positives.filter { !$0.isEmpty }.count)
      var cells: [(row: Int, label: Int, weight: Double)] = []
      var logs: [Double] = []
      var normalisers: [Double] = []
      for (i, row) in scores.enumerated() {
        let wanted = Set(positives[i])
        let others = row.indices.filter { !wanted.contains($0) }.map { row[$0] }
        let peak = others.max() ?? -.infinity
        let normaliser =
          others.isEmpty ? peak : peak + log(others.reduce(0) { $0 + exp($1 - peak) })
        normalisers.append(normaliser)
        for p in wanted.sorted() {
          cells.append((i, p, 1 / (rows * Double(wanted.count))))
          let miss = normaliser - row[p]
          logs.append(miss > 0 ? -(miss + log1p(exp(-miss))) : -log1p(exp(miss)))
        }
      }
      var value = 0.0
      var gradient = scores.map { $0.map { _ in 0.0 } }
      for (cell, term) in zip(zip(cells, logs), terms(logs)) {
        let ((i, p, weight), log) = cell
        value += weight * term.value
        let pull = -weight * term.factor * expm1(log)
        gradient[i][p] -= pull
        for j in scores[i].indices where !positives[i].contains(j) {
          gradient[i][j] += pull * exp(scores[i][j] - normalisers[i])
        }
      }
      return (value, gradient)
    }
  }

  /// Binary cross-entropy with the terms of positives.
  static func separate(_ terms: @escaping Terms) -> Equation {
    { scores, positives in
      let rows = Double(scores.count)
      func logSigmoid(_ z: Double) -> Double { z < 0 ? z - log1p(exp(z)) : -log1p(exp(-z)) }
      let cells = positives.enumerated().flatMap { i, row in Set(row).sorted().map { (i, $0) } }
      let logs = cells.map { logSigmoid(scores[$0.0][$0.1]) }
      var value = 0.0
      var gradient = scores.map { $0.map { _ in 0.0 } }
      for (i, row) in scores.enumerated() {
        for (j, score) in row.enumerated() where !positives[i].contains(j) {
          value -= logSigmoid(-score) / rows
          gradient[i][j] = exp(logSigmoid(score)) / rows
        }
      }
      for ((cell, log), term) in zip(zip(cells, logs), terms(logs)) {
        value += term.value / rows
        gradient[cell.0][cell.1] = term.factor * expm1(log) / rows
      }
      return (value, gradient)
    }
  }
}
