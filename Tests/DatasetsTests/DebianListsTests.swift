import Foundation
import Testing

@testable import Datasets

@Suite struct DebianListsTests {
  /// Whether lists were fetched before; the test itself never uses the network.
  private static let areThere = FileManager.default.fileExists(
    atPath: DebianLists.defaultCacheFolder + "/packages.control")

  /// The counts recorded with the baselines, for bookworm with its updates of November 2026.
  @Test(.enabled(if: areThere, "no package lists were fetched: run `decant data debian` first"))
  func `counts match the recorded baselines`() throws {
    let archive = try DebianArchive(.ofThisMachine(download: false))
    guard archive.packageCount == 63_664 else {
      print("skipped: the lists have \(archive.packageCount) packages, the recorded ones 63664")
      return
    }
    let recorded: [(DebianTask, [Int])] = [
      (.tags, [23_910, 5_885, 595, 2_535, 87_563, 22_341, 8_054]),
      (.related, [41_565, 9_672, 14_673, 4_401, 206_983, 47_275, 17_472]),
      (.section, [51_501, 12_163, 58, 5_471, 51_501, 12_163, 5_432]),
    ]
    for (task, counts) in recorded {
      let statistics = try #require(try task.dataset(of: archive).description.statistics)
      let found = [
        statistics.trainDocuments, statistics.testDocuments, statistics.labels,
        statistics.validationDocuments, statistics.trainPairs, statistics.testPairs,
        statistics.documentsPerLabelMaximum,
      ]
      #expect(found == counts, "\(task)")
    }
  }

  @Test func `rejects a cache folder that apt cannot quote`() throws {
    guard Subprocess.path(of: "apt-get") != nil, Subprocess.path(of: "apt-cache") != nil else {
      print("skipped: there is no apt here")
      return
    }
    let error = #expect(throws: DebianUnavailable.self) {
      try DebianLists.ofThisMachine(cacheFolder: "/tmp/a\"b", download: false)
    }
    #expect(error?.remedy.contains("XDG_CACHE_HOME") == true)
  }
}
