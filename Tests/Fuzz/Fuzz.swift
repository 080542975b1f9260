import ArgumentParser
import Foundation
import Torch

/// Damages good files in a hundred ways and has every reader read them.
@main
struct Fuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant-fuzz",
    abstract: "Has every reader read damaged files: none may crash, hang or swell.",
    discussion: """
      A case is named by the seed and its number, with the same --reader: --first 1234 --cases 1 \
      repeats one, and --keep leaves its files in job-0. Exit code 0: nothing happened.
      """)

  @Option(help: "How many cases to run.")
  var cases = 1_000_000
  @Option(help: "The number of the first case.")
  var first = 0
  @Option(help: "Random seed.")
  var seed: UInt64 = 1
  @Option(help: "Worker processes.")
  var jobs = 2
  @Option(help: "Seconds that a case may take.")
  var seconds = 5.0
  @Option(help: "Resident memory in MiB that a worker may take.")
  var megabytes = 512
  @Option(help: "Failures to stop after.")
  var failures = 20
  @Option(help: ArgumentHelp("Readers to run; all by default.", valueName: "name"))
  var reader: [String] = []
  @Option(help: ArgumentHelp("A folder to work in, which stays.", valueName: "dir"))
  var keep: String?
  @Option(help: .hidden)
  var worker: Int?

  func validate() throws {
    guard cases >= 0, first >= 0, jobs >= 1, seconds > 0, megabytes >= 1 else {
      throw ValidationError("Numbers must be positive.")
    }
    for name in reader where !Reader.all.contains(where: { $0.name == name }) {
      throw ValidationError(
        "There is no reader \(name), but \(Reader.all.map(\.name).joined(separator: ", ")).")
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

  /// The arguments of a worker that takes every `jobs`-th case from `first` on.
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

  /// In memory where there is a file system for that.
  private static var temporaryFolder: String {
    let shared = "/dev/shm"
    let base =
      FileManager.default.isWritableFile(atPath: shared) ? shared : NSTemporaryDirectory()
    return "\(base)/decant-fuzz-\(getpid())"
  }
}
