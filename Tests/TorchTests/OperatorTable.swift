import Torch

/// The operators by the names that Scripts/goldens/operators.py gives them.
enum OperatorTable {
  typealias Apply = @Sendable ([Tensor]) -> Tensor

  static var all: [String: Apply] {
    [arithmetic, functions, comparisons, reductions, shapes, indexing, networks, creation]
      .reduce(into: conversions) { $0.merge($1) { _, new in new } }
  }

  private static func changed(_ tensor: Tensor, _ body: (Tensor) -> Void) -> Tensor {
    let copy = tensor * 1
    body(copy)
    return copy
  }

  static let arithmetic: [String: Apply] = [
    "add": { $0[0] + $0[1] }, "add broadcast": { $0[0] + $0[1] },
    "subtract": { $0[0] - $0[1] }, "subtract broadcast": { $0[0] - $0[1] },
    "multiply": { $0[0] * $0[1] }, "multiply broadcast": { $0[0] * $0[1] },
    "divide": { $0[0] / $0[1] }, "divide broadcast": { $0[0] / $0[1] },
    "divide integers": { ($0[0] / $0[1]) },
    "maximum": { $0[0].maximum($0[1]) }, "maximum broadcast": { $0[0].maximum($0[1]) },
    "minimum": { $0[0].minimum($0[1]) }, "minimum broadcast": { $0[0].minimum($0[1]) },
    "add number": { $0[0] + 1.5 }, "number add": { 1.5 + $0[0] },
    "subtract number": { $0[0] - 1.5 }, "number subtract": { 1.5 - $0[0] },
    "multiply number": { $0[0] * 1.5 }, "number multiply": { 1.5 * $0[0] },
    "divide number": { $0[0] / 1.5 }, "number divide": { 1.5 / $0[0] },
    "negate": { -$0[0] },
    "clamped": { $0[0].clamped(from: -0.5, to: 0.75) },
    "clamped from": { $0[0].clamped(from: 0.1) }, "clamped to": { $0[0].clamped(to: 0.1) },
    "power": { $0[0].power(2.5) }, "power whole": { $0[0].power(3) },
    "in place add": { given in changed(given[0]) { $0.addInPlace(given[1]) } },
    "in place subtract": { given in changed(given[0]) { $0.subtractInPlace(given[1]) } },
    "in place multiply": { given in changed(given[0]) { $0.multiplyInPlace(by: given[1]) } },
    "in place multiply number": { given in changed(given[0]) { $0.multiplyInPlace(by: 1.5) } },
    "in place add factor": { given in
      changed(given[0]) { $0.addInPlace(given[1], factor: 0.25) }
    },
    "in place copy": { given in changed(given[0]) { $0.copyInPlace(from: given[1]) } },
    "in place fill": { given in changed(given[0]) { $0.fillInPlace(0.5) } },
    "matmul": { $0[0].matmul($0[1]) }, "matmul vector": { $0[0].matmul($0[1]) },
    "matmul batches": { $0[0].matmul($0[1]) },
    "matmul adding": { $0[0].matmul($0[1], adding: $0[2], scale: 0.5) },
    "setToProduct": { given in
      let result = given[2].detached().copied()
      withoutGradients {
        result.setToProduct(given[0], given[1], scale: 0.5, keeping: 0.25)
      }
      return result
    },
  ]

  static let functions: [String: Apply] = [
    "exp": { $0[0].exp() }, "expMinusOne": { $0[0].expMinusOne() }, "log": { $0[0].log() },
    "logOnePlus": { $0[0].logOnePlus() }, "squareRoot": { $0[0].squareRoot() },
    "reciprocalSquareRoot": { $0[0].reciprocalSquareRoot() }, "squared": { $0[0].squared() },
    "magnitude": { $0[0].magnitude() }, "sign": { $0[0].sign() }, "sine": { $0[0].sine() },
    "cosine": { $0[0].cosine() }, "tanh": { $0[0].tanh() }, "sigmoid": { $0[0].sigmoid() },
    "logSigmoid": { $0[0].logSigmoid() }, "logSigmoid far": { $0[0].logSigmoid() },
    "softplus": { $0[0].softplus() }, "softplus far": { $0[0].softplus() },
    "relu": { $0[0].relu() }, "gelu": { $0[0].gelu() }, "silu": { $0[0].silu() },
    "errorFunction": { $0[0].errorFunction() }, "floor": { $0[0].floor() },
    "rounded": { $0[0].rounded() }, "softmax": { $0[0].softmax(along: 1) },
    "softmax first axis": { $0[0].softmax(along: 0) },
    "logSoftmax": { $0[0].logSoftmax(along: -1) },
    "logSoftmax far": { $0[0].logSoftmax(along: -1) },
  ]

  static let comparisons: [String: Apply] = [
    "isEqual": { $0[0].isEqual(to: $0[1]) }, "isEqual number": { $0[0].isEqual(to: 2) },
    "isGreater": { $0[0].isGreater(than: $0[1]) },
    "isGreater number": { $0[0].isGreater(than: 2) },
    "isLess": { $0[0].isLess(than: $0[1]) }, "isLess number": { $0[0].isLess(than: 2) },
    "logicalNot": { $0[0].logicalNot() }, "logicalAnd": { $0[0].logicalAnd($0[1]) },
    "logicalOr": { $0[0].logicalOr($0[1]) },
    "replacing": { $0[0].replacing(where: $0[2], with: $0[1]) },
    "replacing with number": { $0[0].replacing(where: $0[1], with: 0.5) },
  ]

  static let reductions: [String: Apply] = [
    "sum": { $0[0].sum() }, "sum along": { $0[0].sum(along: 1) },
    "sum keeping": { $0[0].sum(along: 0, keepingDimensions: true) },
    "mean": { $0[0].mean() }, "mean along": { $0[0].mean(along: -1) },
    "maximum of all": { $0[0].maximum() }, "maximum along": { $0[0].maximum(along: 1) },
    "maximum along equal": { $0[0].maximum(along: 1) },
    "minimum of all": { $0[0].minimum() },
    "minimum along": { $0[0].minimum(along: 0, keepingDimensions: true) },
    "logSumExp": { $0[0].logSumExp(along: 1) }, "logSumExp far": { $0[0].logSumExp(along: 0) },
    "argmax": { $0[0].argmax(along: 1) }, "argmin": { $0[0].argmin(along: 0) },
    "cumulativeSum": { $0[0].cumulativeSum(along: 1) },
    "variance": { $0[0].variance(along: 1) },
    "variance of elements": { $0[0].variance(along: 0, correction: 0) },
    "norm": { $0[0].norm() }, "norm along": { $0[0].norm(along: 1) },
    "largest values": { $0[0].largest(2, along: 1).values },
    "largest indices": { $0[0].largest(2, along: 1).indices },
    "sorted values": { $0[0].sorted(along: 1).values },
    "sorted indices": { $0[0].sorted(along: 0, descending: true).indices },
    "sorted equal indices": { $0[0].sorted(along: 0).indices },
    "normalized": { $0[0].normalized(along: 1) },
    "normalized zero": { $0[0].normalized(along: 1) },
  ]

  static let shapes: [String: Apply] = [
    "reshaped": { $0[0].reshaped([4, -1]) }, "permuted": { $0[0].permuted([2, 0, 1]) },
    "transposed": { $0[0].transposed() }, "transposed axes": { $0[0].transposed(0, 2) },
    "expandingDimension": { $0[0].expandingDimension(at: 1) },
    "slice": { $0[0].slice(1..<3, along: 2) }, "subscript range": { $0[0][1..<2] },
    "subscript index": { $0[0][1] }, "contiguous": { $0[0].transposed(0, 2).contiguous() },
    "copied": { $0[0].copied() }, "squeezed": { $0[0].squeezed(along: 1) },
    "expanded": { $0[0].expanded(to: [2, 4, 3]) },
    "concatenated": { .concatenated($0, along: 1) }, "stacked": { .stacked($0, along: 1) },
  ]

  static let indexing: [String: Apply] = [
    "gathered rows": { $0[0].gathered(rows: $0[1]) },
    "gathered along": { $0[0].gathered(rows: $0[1], along: 1) },
    "gathered at": { $0[0].gathered(at: $0[1], along: 1) },
    "elements at": { $0[0].elements(at: $0[1]) },
    "addingRows": { $0[0].addingRows($0[1], at: $0[2]) },
    "addRowsInPlace": { given in
      changed(given[0]) { $0.addRowsInPlace(given[1], at: given[2], factor: -0.5) }
    },
    "scattering": { $0[0].scattering(0.5, at: $0[1], along: 1) },
    "scatterAdding": { $0[0].scatterAdding($0[1], at: $0[2], along: 1) },
    "elements where": { $0[0].elements(where: $0[1]) }, "nonzero": { $0[0].nonzero() },
    "oneHot": { $0[0].oneHot(classes: 4) },
  ]

  static let networks: [String: Apply] = [
    "linear": { $0[0].linear($0[1], $0[2]) }, "linear without bias": { $0[0].linear($0[1]) },
    "crossEntropies": { $0[0].crossEntropies(ofClasses: $0[1]) },
    "crossEntropy": { $0[0].crossEntropy(ofClasses: $0[1]) },
    "crossEntropy smoothed": { $0[0].crossEntropy(ofClasses: $0[1], labelSmoothing: 0.1) },
    "layerNormalized": {
      $0[0].layerNormalized(weight: $0[1], bias: $0[2], epsilon: 1e-3)
    },
    "layerNormalized plainly": { $0[0].layerNormalized() },
    "embedded": { $0[0].embedded($0[1]) },
    "droppedOut": { $0[0].droppedOut(0.4, generator: Generator(seed: 7)) },
  ]

  static let creation: [String: Apply] = [
    "range": { _ in .range(-1..<3) }, "identity": { _ in .identity(2, dtype: .float64) },
    "full": { _ in .full([2, 2], 0.5, dtype: .float64) },
    "normal": { _ in .normal([3, 7], generator: Generator(seed: 7), dtype: .float64) },
    "normal float32": { _ in .normal([3, 7], generator: Generator(seed: 7)) },
    "uniform": { _ in
      .uniform([5], in: -2..<3, generator: Generator(seed: 7), dtype: .float64)
    },
    "integers": { _ in .integers([6], in: -3..<50, generator: Generator(seed: 7)) },
    "permutation": { _ in .permutation(9, generator: Generator(seed: 7)) },
    "bernoulli": { _ in
      Tensor.zeros([12], dtype: .float64).bernoulli(0.3, generator: Generator(seed: 7))
    },
  ]

  static var conversions: [String: Apply] {
    var table: [String: Apply] = [
      "converted with gradient": {
        ($0[0].converted(to: .float32) * 2).converted(to: .float64)
      }
    ]
    for dtype in DType.allCases {
      table["converted to \(dtype)"] = { $0[0].detached().converted(to: dtype) }
      table["converted from \(dtype)"] = { $0[0].detached().converted(to: .float64) }
    }
    return table
  }
}
