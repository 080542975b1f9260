import Extreme
// Compares the streaming losses with the matrix products they consist of, in one process.
//
//   LossBenchmark time LOSS DTYPE THREADS REPEATS     1,024 queries, 60,000 labels
//   LossBenchmark target                              the instruction set of the kernels
//   LossBenchmark few QUERIES REPEATS                 InfoNCE with one positive, 60,000 labels
//   LossBenchmark memory QUERIES LABELS BLOCK         memory of a step without its inputs
//   LossBenchmark whole QUERIES LABELS THREADS        a step, its products, total memory
//
// Benchmarks/loss and Benchmarks/loss-memory compare it with PyTorch.
import Foundation
import Storage
import Torch

struct Task {
  var queries: Tensor
  var labels: Tensor
  var positives: CSRMatrix

  init(queries queryCount: Int, labels labelCount: Int, positives each: Int, dtype: DType) {
    let generator = Generator(seed: 0)
    func vectors(_ count: Int) -> Tensor {
      Tensor.normal([count, 128], generator: generator).normalized(along: 1)
        .converted(to: dtype).requiringGradient()
    }
    queries = vectors(queryCount)
    labels = vectors(labelCount)
    positives = CSRMatrix(
      rows: (0..<queryCount).map { row in
        (0..<each).map { (row * each + $0) * 7919 % labelCount }
      }, columnCount: labelCount)
  }

  typealias Loss = (Tensor, Tensor, CSRMatrix) throws -> Tensor

  /// Forward and backward.
  func step(_ loss: Loss) throws -> Double {
    let value = try loss(queries, labels, positives)
    _ = try gradients(of: value, withRespectTo: [queries, labels])
    return value.scalar
  }

  /// The four matrix products of a loss alone, by the library that `multiply` calls.
  func products(_ multiply: (Tensor, Tensor) -> Tensor) {
    let block = max(256, (1 << 20) / queries.size(along: 0))
    let labelCount = labels.size(along: 0)
    withoutGradients {
      let columns = queries.transposed().contiguous()
      for start in stride(from: 0, to: labelCount, by: block) {
        let part = labels[start..<min(start + block, labelCount)]
        let scores = multiply(queries, part)
        _ = multiply(queries, part)
        _ = multiply(scores, part.transposed())
        _ = multiply(columns, scores.transposed())
      }
    }
  }
  func products() { products { $0.productWithTransposed($1) } }
  func libtorchProducts() { products { $0.matmul($1.transposed()) } }
}

func loss(named name: String, blockSize: Int? = nil) throws -> Task.Loss {
  switch name {
  case "decoupled":
    return {
      try DecoupledSoftmaxLoss(blockSize: blockSize)(queries: $0, labels: $1, positives: $2)
    }
  case "infonce":
    return { try InfoNCELoss(blockSize: blockSize)(queries: $0, labels: $1, positives: $2) }
  case "bce":
    return {
      try BinaryCrossEntropyLoss(blockSize: blockSize)(queries: $0, labels: $1, positives: $2)
    }
  case "hinge":
    return { try SquaredHingeLoss(blockSize: blockSize)(queries: $0, labels: $1, positives: $2) }
  case "topk":
    return { try SoftTopKLoss(blockSize: blockSize)(queries: $0, labels: $1, positives: $2) }
  default: throw UnknownName(name: name)
  }
}
struct UnknownName: Error { var name: String }

/// CPU and wall-clock seconds.
func seconds(_ body: () throws -> Void) rethrows -> String {
  func now(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = (now(CLOCK_PROCESS_CPUTIME_ID), now(CLOCK_MONOTONIC))
  try body()
  return "\(now(CLOCK_PROCESS_CPUTIME_ID) - start.0) \(now(CLOCK_MONOTONIC) - start.1)"
}

/// A kB field of /proc/self/status, in bytes.
func memory(_ field: String) throws -> Int {
  let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
  let line = status.split(separator: "\n").first { $0.hasPrefix(field) }
  return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
}

/// The increase of peak resident memory during `body`.
func peakGrowth(_ body: () throws -> Void) throws -> Int {
  try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
  let before = try memory("VmRSS:")
  try body()
  return try memory("VmHWM:") - before
}

/// A tiny first call loads libtorch's kernels, so that only the loss itself is measured.
func warmUp(_ name: String, _ dtype: DType) throws {
  let small = Task(queries: 96, labels: 2048, positives: 1, dtype: dtype)
  _ = try small.step(loss(named: name, blockSize: 256))
}

let words = Array(CommandLine.arguments.dropFirst())
let numbers = words.map { Int($0) ?? 0 }
switch words.first {
case "time" where words.count == 5:
  let dtype = words[2] == "bfloat16" ? DType.bfloat16 : .float32
  Runtime.threadCount = numbers[3]
  try warmUp(words[1], dtype)
  let task = Task(queries: 1024, labels: 60_000, positives: 5, dtype: dtype)
  let own = try loss(named: words[1])
  let key = words[1...3].joined(separator: "/")
  var value = 0.0
  print("memory", key, try peakGrowth { value = try task.step(own) })
  print("loss", key, value)
  task.products()
  for _ in 0..<numbers[4] {
    print("streaming", key, try seconds { _ = try task.step(own) })
    print("products", key, seconds(task.products))
    if dtype == .float32 { print("libtorch-products", key, seconds(task.libtorchProducts)) }
  }
case "target" where words.count == 1:
  print("target", Runtime.kernelTarget)
case "few" where words.count == 3:
  Runtime.threadCount = 1
  try warmUp("infonce", .float32)
  let task = Task(queries: numbers[1], labels: 60_000, positives: 1, dtype: .float32)
  let own = try loss(named: "infonce")
  var value = 0.0
  print("memory few/\(numbers[1])", try peakGrowth { value = try task.step(own) })
  print("loss few/\(numbers[1])", value)
  for _ in 0..<numbers[2] {
    print("streaming few/\(numbers[1])", try seconds { _ = try task.step(own) })
  }
case "memory" where words.count == 4:
  Runtime.threadCount = 1
  try warmUp("decoupled", .float32)
  let task = Task(queries: numbers[1], labels: numbers[2], positives: 5, dtype: .float32)
  let own = try loss(named: "decoupled", blockSize: numbers[3] > 0 ? numbers[3] : nil)
  let growth = try peakGrowth { _ = try task.step(own) }
  let gradients = 4 * 128 * (numbers[1] + numbers[2])
  print("memory", numbers[1], numbers[2], words[3], growth, gradients)
case "whole" where words.count == 4:
  Runtime.threadCount = numbers[3]
  let task = Task(queries: numbers[1], labels: numbers[2], positives: 5, dtype: .float32)
  let own = try loss(named: "decoupled")
  let first = try seconds { print("loss", try task.step(own)) }
  print("peak", try memory("VmHWM:"))
  print("step", first)
  for _ in 0..<2 {
    print("step", try seconds { _ = try task.step(own) })
    print("products", seconds(task.products))
  }
default:
  FileHandle.standardError.write(Data("usage: see the first lines of main.swift\n".utf8))
  exit(2)
}
