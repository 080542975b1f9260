import Extreme
// Times a step of the decoupled softmax, forward and backward, on a device, with its bare products.
//
//   DeviceBenchmark DEVICE DTYPE QUERIES LABELS WIDTH REPEATS
//
// Prints lines of JSON: {"name": "decant", "seconds": …, "loss": …} and {"name": "decant products", …}.
// Benchmarks/cuda compares them with PyTorch.
import Foundation
import Storage
import Torch

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 6, let device = Device(arguments[0]),
  let dtype = ["float32": DType.float32, "bfloat16": .bfloat16][arguments[1]],
  case let sizes = arguments[2...].compactMap({ Int($0) }), sizes.count == 4,
  sizes.allSatisfy({ $0 > 0 })
else {
  FileHandle.standardError.write(
    Data("DeviceBenchmark: DEVICE float32|bfloat16 QUERIES LABELS WIDTH REPEATS\n".utf8))
  exit(64)
}
let (queryCount, labelCount, width, repeats) = (sizes[0], sizes[1], sizes[2], sizes[3])
let positivesEach = 5

try Runtime.load()
if device.kind == .cuda { try Runtime.loadCUDA() }
let generator = Generator(seed: 0)
func vectors(_ count: Int) -> Tensor {
  Tensor.normal([count, width], generator: generator).normalized(along: 1)
    .converted(to: dtype).moved(to: device).requiringGradient()
}
let (queries, labels) = (vectors(queryCount), vectors(labelCount))
let positives = CSRMatrix(
  rows: (0..<queryCount).map { row in
    (0..<positivesEach).map { (row * positivesEach + $0) * 7919 % labelCount }
  }, columnCount: labelCount)
let loss = DecoupledSoftmaxLoss(temperature: 0.05)

/// The seconds of the fastest of some calls; the first one, which allocates, does not count.
func fastest(_ body: () throws -> Double) throws -> (seconds: Double, value: Double) {
  var best = (seconds: Double.infinity, value: try body())
  for _ in 0..<repeats {
    let clock = ContinuousClock()
    let begun = clock.now
    let value = try body()
    let elapsed = (clock.now - begun).components
    let seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    if seconds < best.seconds { best = (seconds, value) }
  }
  return best
}

func report(_ name: String, _ result: (seconds: Double, value: Double)) throws {
  let object: [String: Any] = ["name": name, "seconds": result.seconds, "loss": result.value]
  let line = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
  print(String(decoding: line, as: UTF8.self))
}

try checked {
  try report(
    "decant",
    fastest {
      let value = try loss(queries: queries, labels: labels, positives: positives)
      let ofBoth = try gradients(of: value, withRespectTo: [queries, labels])
      // Waits for the device's last result.
      _ = ofBoth.compactMap(\.self).last?[0][0].scalar
      return value.scalar
    })
  // The three products of a step that keeps its scores: the least that any implementation computes.
  try report(
    "decant products",
    fastest {
      withoutGradients {
        let scores = queries.matmul(labels.transposed())
        _ = scores.matmul(labels)
        return scores.transposed().matmul(queries)[0][0].scalar
      }
    })
}
