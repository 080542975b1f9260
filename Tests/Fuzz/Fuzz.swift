import ArgumentParser
import Foundation
import Torch

/// Damages valid files at random and runs every reader on them.
@main
struct Fuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant-fuzz",
    abstract: "Runs every reader on damaged files: none may crash, hang or use too much memory.",
    discussion: """
      A case is named by the seed and its number, with the same --reader: --first 1234 --cases 1 \
      repeats one, and --keep leaves its files in job-0. Exit code 0: no failures.
      """)

  @Option(help: "The number of cases.")
  var cases = 1_000_000
  @Option(help: "The number of the first case.")
  var first = 0
  @Option(help: "Random seed.")
  var seed: UInt64 = 1
  @Option(help: "Worker processes.")
  var jobs = 2
  @Option(help: "Time limit per case, in seconds.")
  var seconds = 5.0
  @Option(help: "Memory limit per worker, resident, in MiB.")
  var megabytes = 512
  @Option(help: "Stop after this many failures.")
  var failures = 20
  @Option(help: ArgumentHelp("Readers to test; all by default.", valueName: "name"))
  var reader: [String] = []
  @Option(help: ArgumentHelp("A working folder to keep.", valueName: "dir"))
  var keep: String?
  @Option(help: .hidden)
  var worker: Int?

  func validate() throws {
    guard cases >= 0, first >= 0, jobs >= 1, seconds > 0, megabytes >= 1 else {
      throw ValidationError("Numbers must be positive.")
    }
    for name in reader where !Reader.all.contains(where: { $0.name == name }) {
      throw ValidationError(
        "There is no reader \(name); the readers are \(Reader.all.map(\.name).joined(separator: ", "))."
      )
    }
  }

  func run() throws {
    if let worker, let keep { return try work(worker, in: keep) }
    let folder = keep ?? Self.temporaryFolder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { if keep == nil { try? FileManager.default.removeItem(atPath: folder) } }
    for index in chosen {
      let good = "\(folder)/good/\(Reader.all[index].name)"
      guard !FileManager.default.fileExists(atPath: good) else { continue }
      try FileManager.default.createDirectory(atPath: good, withIntermediateDirectories: true)
      try Reader.all[index].make(good)
      try Reader.all[index].read(good)
    }
    guard try Supervisor(options: self, folder: folder).run() else { throw ExitCode.failure }
  }

  /// The arguments of a worker that runs every `jobs`-th case from `first` on.
  func workerArguments(job: Int, first: Int, folder: String) -> [String] {
    ["--worker", "\(job)", "--first", "\(first)", "--cases", "\(self.first + cases - first)"]
      + ["--seed", "\(seed)", "--jobs", "\(jobs)", "--megabytes", "\(megabytes)", "--keep", folder]
      + reader.flatMap { ["--reader", $0] }
  }

  private func work(_ job: Int, in folder: String) throws {
    try Worker(
      seed: seed, good: "\(folder)/good", own: "\(folder)/job-\(job)", readers: chosen,
      status: Status(path: "\(folder)/status-\(job)"), leavesDamage: cases == 1,
      memoryLimit: megabytes << 20
    ).run(stride(from: first, to: first + cases, by: jobs))
  }

  private var chosen: [Int] {
    Reader.all.indices.filter { reader.isEmpty || reader.contains(Reader.all[$0].name) }
  }

  /// In memory, if there is a file system for that.
  private static var temporaryFolder: String {
    let shared = "/dev/shm"
    let base =
      FileManager.default.isWritableFile(atPath: shared) ? shared : NSTemporaryDirectory()
    return "\(base)/decant-fuzz-\(getpid())"
  }
}
