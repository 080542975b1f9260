import Foundation

/// Keeps workers running: if one dies, hangs or exceeds its memory, its case is recorded and a new
/// one starts.
struct Supervisor {
  let options: Fuzz
  /// The working folder.
  let folder: String

  /// A case that ended its worker.
  struct Failure {
    var number: Int
    var what: String
  }

  private final class Job {
    let index: Int
    let status: Status
    var process = Process()
    var isFinished = false
    /// The case for which the worker was killed, if it took too long.
    var slowCase: Int?
    init(index: Int, status: Status) {
      self.index = index
      self.status = status
    }
  }

  /// Runs all cases.
  ///
  /// - Returns: whether all of them passed.
  func run() throws -> Bool {
    let begun = now()
    let jobs = try (0..<options.jobs).map {
      Job(index: $0, status: try Status(path: "\(folder)/status-\($0)"))
    }
    for job in jobs { try start(job, at: options.first + job.index) }
    var failures: [Failure] = []
    while jobs.contains(where: { !$0.isFinished }) {
      usleep(20_000)
      for job in jobs where !job.isFinished { try look(after: job, &failures) }
      guard failures.count < options.failures else {
        for job in jobs where job.process.isRunning { kill(job.process.processIdentifier, SIGKILL) }
        break
      }
    }
    print(table(jobs.map(\.status), seconds: Double(now() - begun) / 1e9))
    for failure in failures {
      print("case \(failure.number): \(failure.what)")
    }
    let leaks = jobs.reduce(0) { sum, job in
      Reader.all.indices.reduce(sum) { $0 + job.status.count(.leaked, of: $1) }
    }
    print("\(failures.count) crashes, hangs or cases over the memory limit, \(leaks) errors leaked")
    return failures.isEmpty && leaks == 0
  }

  private func start(_ job: Job, at number: Int) throws {
    guard number < options.first + options.cases else {
      job.isFinished = true
      return
    }
    job.status.begun = 0
    job.slowCase = nil
    let own = "\(folder)/job-\(job.index)"
    if FileManager.default.fileExists(atPath: own) {
      try FileManager.default.removeItem(atPath: own)
    }
    try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
    job.process = Process()
    job.process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    job.process.arguments = options.workerArguments(
      job: job.index, first: number, folder: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    environment["OMP_NUM_THREADS"] = "1"
    job.process.environment = environment
    try [UInt8]().write(to: own, "errors")
    job.process.standardError = FileHandle(forWritingAtPath: "\(own)/errors")
    try job.process.run()
  }

  private func look(after job: Job, _ failures: inout [Failure]) throws {
    let number = job.status.number
    guard !job.process.isRunning else {
      let begun = job.status.begun
      if begun > 0, job.slowCase == nil, now() > begun + UInt64(options.seconds * 1e9),
        job.status.number == number
      {
        job.slowCase = number
        kill(job.process.processIdentifier, SIGKILL)
      }
      return
    }
    let code = job.process.terminationStatus
    if job.process.terminationReason == .exit, code == 0 {
      job.isFinished = true
      return
    }
    let what: String
    if job.slowCase != nil {
      what = "not done within \(options.seconds) s"
    } else if job.process.terminationReason == .exit, code == Worker.memoryCode {
      what = "over \(options.megabytes) MiB of memory"
    } else {
      let words =
        (try? String(contentsOfFile: "\(folder)/job-\(job.index)/errors", encoding: .utf8))
        .map { $0.suffix(300) } ?? ""
      what =
        "ended with \(job.process.terminationReason == .exit ? "code" : "signal") \(code): "
        + words.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    failures.append(Failure(number: number, what: what))
    try start(job, at: number + options.jobs)
  }

  private func table(_ statuses: [Status], seconds: Double) -> String {
    var lines = [
      "reader".padding(toLength: 14, withPad: " ", startingAt: 0)
        + "     cases  accepted   refused    leaked"
    ]
    var total = 0
    for (index, reader) in Reader.all.enumerated() {
      let counts = Status.Outcome.allCases.map { outcome in
        statuses.reduce(0) { $0 + $1.count(outcome, of: index) }
      }
      let sum = counts.reduce(0, +)
      guard sum > 0 else { continue }
      total += sum
      lines.append(
        reader.name.padding(toLength: 14, withPad: " ", startingAt: 0)
          + ([sum] + counts).map { String(format: "%10ld", $0) }.joined())
    }
    let peak = statuses.map(\.peakMemory).max() ?? 0
    let longest = statuses.map(\.longest).max() ?? 0
    lines.append(
      String(
        format:
          "%ld cases of seed %ld in %.0f s by %ld workers; at most %ld MiB resident, %.2f s per case",
        total, Int(options.seed), seconds, options.jobs, peak >> 20, Double(longest) / 1e9))
    return lines.joined(separator: "\n")
  }
}
