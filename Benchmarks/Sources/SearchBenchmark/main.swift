import Foundation

let arguments = CommandLine.arguments
switch arguments.dropFirst().first {
case "embed" where arguments.count == 5:
  try Windows.embed(run: arguments[2], lines: arguments[3], output: arguments[4])
default:
  print("SearchBenchmark embed RUN LINES OUTPUT")
  exit(64)
}
