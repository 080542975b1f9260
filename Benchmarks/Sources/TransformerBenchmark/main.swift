import Datasets
import Extreme
import Foundation
import Torch

// `TransformerBenchmark tokenize FOLDER LENGTH`  ids of each line of standard input, a JSON string
// `TransformerBenchmark encode FOLDER LENGTH`    time to embed those lines, on one thread

/// The CPU seconds of this process so far.
func processTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

guard CommandLine.arguments.count == 4, let length = Int(CommandLine.arguments[3]) else {
  FileHandle.standardError.write(
    Data("usage: TransformerBenchmark tokenize|encode FOLDER LENGTH <LINES\n".utf8))
  exit(64)
}
let (command, folder) = (CommandLine.arguments[1], CommandLine.arguments[2])
let tokenizer = try WordPieceTokenizer(vocabularyFile: folder + "/vocab.txt")
var texts: [String] = []
while let line = readLine() {
  texts.append(try JSONDecoder().decode(String.self, from: Data(line.utf8)))
}
let start = processTime()
let ids = texts.map { tokenizer.encode($0, maximumLength: length) }
let tokenizing = processTime() - start
if command == "tokenize" {
  for list in ids { print(list.map(String.init).joined(separator: " ")) }
} else {
  Runtime.threadCount = 1
  let encoder = try TransformerEncoder(checkpoint: folder)
  _ = encoder.embeddings(of: Array(ids.prefix(8)))
  let start = processTime()
  let embeddings = encoder.embeddings(of: ids)
  print("encode", processTime() - start)
  for row in 0..<texts.count {
    print(embeddings[row].doubles().map { "\($0)" }.joined(separator: " "))
  }
}
print("tokenize", tokenizing)
print("tokens", ids.reduce(0) { $0 + $1.count })
