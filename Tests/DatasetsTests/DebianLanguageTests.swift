import Storage
import TestSupport
import Testing
import Torch

@testable import Datasets

@Suite struct DebianLanguageTests {
  @Test func `validates language codes`() throws {
    for name in ["en", "ja", "pt_BR", "sr@latin", "ast"] {
      #expect(try DebianLanguage(name).name == name)
    }
    for name in ["", "J", "japanese", "ja;", "pt-BR", "ja\"; }", "de\n"] {
      #expect(throws: ValueError.self, "\(name)") { try DebianLanguage(name) }
    }
  }

  @Test func `lists the languages of a release`() {
    let release = """
      SHA256:
       0a 12 main/i18n/Translation-ja
       0b 10 main/i18n/Translation-ja.bz2
       0c 11 main/i18n/Translation-pt_BR.xz
       0d 11 main/i18n/Translation-sr@latin
       0e 11 main/binary-amd64/Packages
      """
    #expect(
      Set(DebianLanguage.named(inRelease: release)) == ["ja", "pt_BR", "sr@latin"])
  }

  @Test func `omits packages without a translation`() throws {
    let folder = try TemporaryFolder()
    let translation = """
      Package: alpha
      Description-md5: 00alpha
      Description-ja: 短い説明
       長い
       説明。

      Package: beta
      Description-md5: another version's
      Description-ja: 古い説明

      Package: mu
      Description-md5: 00mu
      description-JA: 無
      """
    let archive = try DebianArchive(
      DebianLists(
        packages: [folder.write(DebianTaskTests.packages, to: "Packages")],
        translations: [folder.write(translation, to: "Translation-ja")],
        language: DebianLanguage("ja")))
    #expect(archive.entries.map(\.text) == ["alpha: 短い説明\n長い\n説明。", "mu: 無\n"])
    let dataset = try DebianTask.tags.dataset(of: archive)
    #expect(dataset.description.name == "debian-tags-ja")
    #expect(Array(dataset.documents.ids) == ["alpha", "mu"])
  }
}
