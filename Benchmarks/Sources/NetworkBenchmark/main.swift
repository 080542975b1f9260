import Foundation
import Torch

// Runs all measurements in one process; each prints `NAME MICROSECONDS` of process CPU time.
// compare.py alternates it with its Python counterpart.

/// The CPU microseconds of one call of `body`, after `warmup` calls.
func microseconds(warmup: Int, count: Int, _ body: () throws -> Void) rethrows -> Double {
  for _ in 0..<warmup { try body() }
  let start = processTime()
  for _ in 0..<count { try body() }
  return (processTime() - start) * 1e6 / Double(count)
}

func processTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func report(_ name: String, _ value: Double) { print(name, String(format: "%.3f", value)) }

let suites: [String: () throws -> Void] = ["bag": measureBags, "mlp": measurePerceptrons]
Runtime.threadCount = 1
guard CommandLine.arguments.count == 2, let suite = suites[CommandLine.arguments[1]] else {
  FileHandle.standardError.write(
    Data("usage: NetworkBenchmark \(suites.keys.sorted().joined(separator: "|"))\n".utf8))
  exit(64)
}
try suite()
