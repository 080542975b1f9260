import Contrastive
// Losses over the rows of a batch: value, gradient, memory and time of a step.
//
//   PairBenchmark LOSS FOLDER SECONDS THREADS
//
// FOLDER contains rows.npy `[N, D]` and weights.npy `[C, D]`, float32; the class of row i is i mod C,
// and the two views of N / 2 examples are the first and the second half of the rows. Writes the
// gradients to LOSS-rows.npy and LOSS-weights.npy. Benchmarks/pairs compares it with other libraries.
import Foundation
import Storage
import Torch

struct Batch {
  let rows: Tensor
  let weights: Tensor
  let classes: [Int]

  var first: Tensor { rows[0..<(rows.size(along: 0) / 2)] }
  var second: Tensor { rows[(rows.size(along: 0) / 2)..<rows.size(along: 0)] }
}

typealias Loss = (Batch) throws -> Tensor

let losses: [String: Loss] = [
  "nt-xent": { try NTXentLoss(temperature: 0.1)(first: $0.first, second: $0.second) },
  "dcl": { try DCLLoss(temperature: 0.1)(first: $0.first, second: $0.second) },
  "dclw": {
    try DCLLoss(temperature: 0.1, weighting: .vonMisesFisher(sigma: 0.5))(
      first: $0.first, second: $0.second)
  },
  "supcon": { try SupConLoss(temperature: 0.1)(embeddings: $0.rows, classes: $0.classes) },
  "triplet": {
    try TripletLoss(margin: 0.2, mining: .all)(
      embeddings: $0.rows.normalized(), classes: $0.classes)
  },
  "multi-similarity": {
    try MultiSimilarityLoss(miningMargin: nil)(embeddings: $0.rows, classes: $0.classes)
  },
  "proxy-anchor": {
    try ProxyAnchorLoss()(embeddings: $0.rows, proxies: $0.weights, classes: $0.classes)
  },
  "arcface": { try ArcFaceLoss()(embeddings: $0.rows, weights: $0.weights, classes: $0.classes) },
  "normalized-softmax": {
    try NormalizedSoftmaxLoss()(embeddings: $0.rows, weights: $0.weights, classes: $0.classes)
  },
  "barlow-twins": {
    try BarlowTwinsLoss(redundancyWeight: 0.005)(first: $0.first, second: $0.second)
  },
  "vicreg": { try VICRegLoss()(first: $0.first, second: $0.second) },
  "simsiam": {
    let views = (first: $0.first, second: $0.second)
    return try SimSiamLoss()(predictions: views, projections: views)
  },
]

func now(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
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

let words = CommandLine.arguments
guard words.count == 5, let loss = losses[words[1]], let seconds = Double(words[3]),
  let threads = Int(words[4])
else {
  FileHandle.standardError.write(Data("usage: see the first lines of main.swift\n".utf8))
  exit(2)
}
Runtime.threadCount = threads

/// Forward and backward.
func step(_ batch: Batch) throws -> (value: Tensor, slopes: [Tensor?]) {
  let value = try loss(batch)
  return (value, try gradients(of: value, withRespectTo: [batch.rows, batch.weights]))
}

func batch(_ rows: Tensor, _ weights: Tensor) -> Batch {
  let classCount = weights.size(along: 0)
  return Batch(
    rows: rows.requiringGradient(), weights: weights.requiringGradient(),
    classes: (0..<rows.size(along: 0)).map { $0 % classCount })
}

let rows = try NumpyFile.read(words[2] + "/rows.npy")
let weights = try NumpyFile.read(words[2] + "/weights.npy")
// A smaller first call does all one-time loading.
let few = min(256, max(16, rows.size(along: 0) / 4))
_ = try step(batch(rows[0..<few].copied(), weights[0..<(few / 8)].copied()))
let task = batch(rows, weights)
print("opening", try peakGrowth { _ = try step(task) })
// Kernels for this size are created from here on; memory freed by the first step is returned.
typealias Trim = @convention(c) (Int) -> Int32
if let trim = dlsym(nil, "malloc_trim") { _ = unsafeBitCast(trim, to: Trim.self)(0) }
print("memory", try peakGrowth { _ = try step(task) })
let (value, slopes) = try step(task)
print("value", value.scalar)
for (slope, name) in zip(slopes, ["rows", "weights"]) {
  if let slope { try NumpyFile.write(slope, to: "\(words[2])/\(words[1])-\(name).npy") }
}
let end = now(CLOCK_MONOTONIC) + seconds
repeat {
  let (cpu, wall) = (now(CLOCK_PROCESS_CPUTIME_ID), now(CLOCK_MONOTONIC))
  _ = try step(task)
  print("step", now(CLOCK_PROCESS_CPUTIME_ID) - cpu, now(CLOCK_MONOTONIC) - wall)
} while now(CLOCK_MONOTONIC) < end
