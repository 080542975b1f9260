import Foundation

/// One logistic regression per label, trained online with AdaGrad.
///
/// A feature's weights for all labels are contiguous and allocated when the feature first occurs:
/// 16 bytes per (feature, label).
struct LogisticRelevance {
  private let labelCount: Int
  private let learningRate: Double
  private var places: [Int32: Int] = [:]
  /// Row 0 is the bias.
  private var weights: [Double]
  private var squares: [Double]

  init(labelCount: Int, learningRate: Double) {
    self.labelCount = labelCount
    self.learningRate = learningRate
    weights = Array(repeating: 0, count: labelCount)
    squares = weights
  }

  func probabilities(_ example: StreamExample) -> [Double] {
    var scores = Array(weights[..<labelCount])
    scores.withUnsafeMutableBufferPointer { scores in
      weights.withUnsafeBufferPointer { weights in
        for (column, value) in zip(example.columns, example.values) {
          guard let place = places[column] else { continue }
          let start = place * labelCount
          for label in 0..<labelCount { scores[label] += value * weights[start + label] }
        }
      }
    }
    return scores.map { 1 / (1 + exp(-$0)) }
  }

  /// Performs a training step; `probabilities` are those of the same example.
  mutating func learn(_ example: StreamExample, probabilities: [Double]) {
    var gradients = probabilities
    for label in example.labels { gradients[Int(label)] -= 1 }
    step(place: 0, value: 1, gradients)
    for (column, value) in zip(example.columns, example.values) where value != 0 {
      var place = places[column]
      if place == nil {
        place = places.count + 1
        places[column] = place
        weights.append(contentsOf: repeatElement(0, count: labelCount))
        squares.append(contentsOf: repeatElement(0, count: labelCount))
      }
      step(place: place ?? 0, value: value, gradients)
    }
  }

  /// Resets the step sizes of `labels`.
  mutating func loosen(_ labels: [Int32]) {
    for place in 0...places.count {
      for label in labels { squares[place * labelCount + Int(label)] = 0 }
    }
  }

  private mutating func step(place: Int, value: Double, _ gradients: [Double]) {
    let start = place * labelCount
    let rate = learningRate
    weights.withUnsafeMutableBufferPointer { weights in
      squares.withUnsafeMutableBufferPointer { squares in
        gradients.withUnsafeBufferPointer { gradients in
          for label in 0..<gradients.count {
            let gradient = value * gradients[label]
            squares[start + label] += gradient * gradient
            weights[start + label] -=
              rate * gradient / (squares[start + label] + 1e-8).squareRoot()
          }
        }
      }
    }
  }
}
