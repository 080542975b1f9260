import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

/// A small archive; the buckets of its sources, from Python's hashlib: alpha 71, beta 89, gamma 71,
/// mu 24 (validation), zeta 3 and rho 10 (test).
@Suite struct DebianTaskTests {
  static func stanza(_ name: String, version: String = "1", _ fields: String...) -> String {
    """
    Package: \(name)
    Version: \(version)
    Filename: pool/\(name).deb
    Description: short \(name)
    Description-md5: 00\(name)
    \(fields.map { $0 + "\n" }.joined())

    """
  }

  static let packages =
    stanza(
      "zeta", "Section: libs", "Tag: role::program, unseen::tag",
      "Depends: beta, mu")
    + stanza(
      "alpha", "Section: games", "Tag: role::program,\n game::x , role::program",
      "Suggests: virtual-one", "Recommends: alpha-data, beta:any | alpha",
      "Depends: gamma (>= 1) [amd64],\n virtual-two | nowhere")
    + stanza("alpha-data", "Source: alpha (1.2)", "Recommends: alpha")
    + stanza("alpha-doc", "Source: alpha", "Suggests: alpha, alpha-data")
    + stanza(
      "beta", version: "2", "Section: contrib/games", "Tag: role::program",
      "Pre-Depends: virtual-one (= 2)", "Depends: beta, virtual-two",
      "Provides: gamma")
    + stanza(
      "gamma", "Section: libs", "Provides: virtual-one (= 2), virtual-one",
      "Suggests: zeta")
    + stanza(
      "mu", "tag: role::program, only::mu", "Provides: virtual-two (= 1)", "Enhances: beta",
      "Suggests: gamma")
    + stanza("rho", "Section: unseen", "Tag: unseen::tag", "Depends: mu", "Provides: virtual-two")
    + "Package: local\nVersion: 9\nDescription: by hand\nTag: role::program\n\n"

  static let olderPackages = stanza("beta", version: "2~rc1", "Tag: old::tag")

  static let translations = """
    Package: alpha
    Description-md5: 00alpha
    Description-en: short alpha
     A game.
     .
      * with a list

    Package: alpha
    Description-md5: 00alpha
    Description-en: a second one

    Package: beta
    Description-md5: other
    Description-en: of another version

    Package: gamma
    Description-md5: 00gamma
    Description-en: short gamma
    """

  static let vocabulary = """
    Facet: role
    Description: Role
     What it is.

    Tag: role::program
    Description: Program
     Something to
     run.
    """

  private static func archive(in folder: TemporaryFolder) throws -> DebianArchive {
    // The old list comes before and after, so that neither the first nor the last version wins.
    let older = try folder.write(olderPackages, to: "older")
    return try DebianArchive(
      DebianLists(
        packages: [older, folder.write(packages, to: "Packages"), older],
        translations: [folder.write(translations, to: "Translation-en")],
        vocabulary: folder.write(vocabulary, to: "vocabulary"),
        origins: [.init(source: "here", release: "Debian 0", date: "today")]))
  }

  private static func rows(_ split: Split?, of data: Dataset) -> [[String]] {
    guard let split else { return [] }
    return (0..<split.count).map { row in
      [data.documents.ids[Int(split.documentIndices[row])]]
        + split.labels.columns(ofRow: row).map { data.labels.ids[Int($0)] }
    }
  }

  @Test func `text joins name, short and long description`() throws {
    let archive = try Self.archive(in: TemporaryFolder())
    #expect(archive.packageCount == 8)
    #expect(
      archive.entries.prefix(5).map(\.text) == [
        "alpha: short alpha\nA game.\n\n* with a list", "alpha-data: short alpha-data\n",
        "alpha-doc: short alpha-doc\n",
        "beta: short beta\n", "gamma: short gamma\n",
      ])
    #expect(archive.entries[1].bucket == SplitBucket(of: "alpha"))
  }

  @Test func `builds the tags dataset`() throws {
    let data = try DebianTask.tags.dataset(of: Self.archive(in: TemporaryFolder()))
    #expect(Array(data.labels.ids) == ["game::x", "only::mu", "role::program"])
    #expect(data.labels.textOrID(at: 2) == "role::program: Program\nSomething to\nrun.")
    #expect(data.labels.textOrID(at: 0) == "game::x")
    #expect(
      Self.rows(data.train, of: data) == [
        ["alpha", "role::program", "game::x"], ["beta", "role::program"],
        ["mu", "role::program", "only::mu"],
      ])
    #expect(Self.rows(data.validation, of: data) == [["mu", "role::program", "only::mu"]])
    #expect(Self.rows(data.test, of: data) == [["zeta", "role::program"]])
    #expect(Array(data.documents.ids) == ["alpha", "beta", "mu", "zeta"])
    #expect(data.description.statistics?.droppedTestPairs == 2)
    #expect(data.description.statistics?.validationDocuments == 1)
    #expect(data.description.name == "debian-tags")
    #expect(data.description.origins.map(\.release) == ["Debian 0"])
  }

  @Test func `builds the related-packages dataset`() throws {
    let data = try DebianTask.related.dataset(of: Self.archive(in: TemporaryFolder()))
    #expect(Array(data.labels.ids) == ["beta", "gamma"])
    #expect(data.labels.texts.map(Array.init) == ["beta: short beta\n", "gamma: short gamma\n"])
    #expect(
      Self.rows(data.train, of: data) == [
        ["alpha", "gamma", "beta"], ["beta", "gamma"], ["mu", "gamma", "beta"],
      ])
    #expect(Self.rows(data.test, of: data) == [["zeta", "beta"]])
    #expect(data.description.statistics?.droppedTestPairs == 2)
  }

  @Test func `builds the section dataset`() throws {
    let data = try DebianTask.section.dataset(of: Self.archive(in: TemporaryFolder()))
    #expect(Array(data.labels.ids) == ["games", "libs"])
    #expect(data.labels.texts == nil)
    #expect(
      Self.rows(data.train, of: data) == [
        ["alpha", "games"], ["beta", "games"], ["gamma", "libs"],
      ])
    #expect(Self.rows(data.test, of: data) == [["zeta", "libs"]])
  }

  @Test func `reads compressed lists identically`() throws {
    let folder = try TemporaryFolder()
    let plain = try Self.archive(in: folder)
    for (tool, ending) in [("gzip", "gz"), ("xz", "xz"), ("lz4", "lz4")] {
      guard let path = Subprocess.path(of: tool) else {
        print("\(tool) is not here: .\(ending) files are not tested")
        continue
      }
      var packed: [String] = []
      for name in ["older", "Packages", "Translation-en"] {
        let outcome = try Subprocess(path: path, arguments: ["-c", folder.file(name)]).run()
        try #require(outcome.status == 0, "\(outcome.messages)")
        let bytes = outcome.output.withBytes { Data($0) }
        packed.append(try folder.write(bytes, to: "\(name).\(ending)"))
        let damaged = try folder.write(bytes.dropLast(9), to: "damaged.\(ending)")
        let error = #expect(throws: InputError.self, "\(ending)") { try PackedFile.open(damaged) }
        #expect(error?.file == damaged)
      }
      let archive = try DebianArchive(
        DebianLists(packages: Array(packed[..<2]), translations: [packed[2]]))
      #expect(archive.entries.map(\.text) == plain.entries.map(\.text))
      #expect(try DebianTask.tags.dataset(of: archive).labels.texts == nil)
      #expect(throws: FileError.self) { try PackedFile.open(folder.file("none.\(ending)")) }
    }
  }

  @Test func `reports missing lists and translations`() throws {
    let folder = try TemporaryFolder()
    let empty = try folder.write("", to: "empty")
    #expect(throws: InputError.self) {
      try DebianArchive(DebianLists(packages: [empty], translations: []))
    }
    #expect(throws: FileError.self) {
      try DebianArchive(DebianLists(packages: [folder.file("none")], translations: []))
    }
    let bare = try folder.write(Self.stanza("alpha") + Self.stanza("zeta"), to: "bare")
    let archive = try DebianArchive(DebianLists(packages: [bare], translations: []))
    for task in DebianTask.allCases {
      #expect(throws: InputError.self) { try task.dataset(of: archive) }
    }
  }
}
