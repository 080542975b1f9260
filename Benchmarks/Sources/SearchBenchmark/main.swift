import Foundation
import Retrieval

/// The steps of `Benchmarks/search`, one process each, so that memory is measured separately.
let words = Array(CommandLine.arguments.dropFirst())
func number(_ place: Int) -> Int { Int(words[place]) ?? 0 }

switch words.first {
case "embed" where words.count == 4:
  try Windows.embed(run: words[1], lines: words[2], output: words[3])
case "store" where words.count == 7:
  try Measurement(queries: words[2], dimension: number(3), count: 1)
    .store(
      words[1], count: number(4), scalar: VectorScalar(rawValue: words[5]) ?? .float32,
      to: words[6])
case "exact" where words.count == 6:
  try Measurement(queries: words[2], dimension: number(3), count: number(4))
    .exact(words[1], to: words[5])
case "quantized" where words.count == 7:
  try Measurement(queries: words[2], dimension: number(3), count: number(4))
    .quantized(words[1], tenths: words[5], to: words[6])
case "build" where words.count == 7:
  try Measurement(queries: words[2], dimension: number(3), count: 1)
    .build(
      words[1], configuration: .init(connectivity: number(4), breadth: number(5)), to: words[6])
case "search" where words.count >= 8:
  try Measurement(queries: words[2], dimension: number(3), count: number(4))
    .search(
      words[1], exact: words[5], tenths: words[6], breadths: words[7...].compactMap { Int($0) })
default:
  print(
    "SearchBenchmark embed | store | exact | quantized | build | search …; see Benchmarks/search")
  exit(64)
}
