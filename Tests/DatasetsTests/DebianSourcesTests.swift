import Storage
import Testing

@testable import Datasets

@Suite struct DebianSourcesTests {
  @Test func `keeps the main archive of a deb822 file`() throws {
    let text = """
      # the archive
      Types: deb deb-src
      URIs: http://deb.debian.org/debian https://example.org/other
      Suites: bookworm bookworm-updates bookworm-backports
      Components: main contrib non-free-firmware
      Signed-By: /usr/share/keyrings/some.gpg

      Types: deb
      URIs: https://deb.nodesource.com/node_20.x
      Suites: nodistro
      Components: main

      Enabled: no
      Types: deb
      URIs: http://deb.debian.org/debian
      Suites: sid
      Components: main

      Types: deb-src
      URIs: http://deb.debian.org/debian
      Suites: bookworm
      Components: main
      """
    #expect(
      try DebianSources.kept(ofStanzas: text, file: "f") == [
        """
        Types: deb
        URIs: http://deb.debian.org/debian
        Suites: bookworm bookworm-updates
        Components: main
        Signed-By: /usr/share/keyrings/some.gpg

        """
      ])
    #expect(throws: InputError.self) { try DebianSources.kept(ofStanzas: "x\n", file: "f") }
  }

  @Test(arguments: [
    (
      "deb http://deb.debian.org/debian bookworm main contrib",
      "deb http://deb.debian.org/debian bookworm main"
    ),
    (
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example.net/debian/ sid main # x",
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example.net/debian/ sid main"
    ),
    (
      "deb\thttp://archive.ubuntu.com/ubuntu noble main restricted universe multiverse",
      "deb http://archive.ubuntu.com/ubuntu noble main universe"
    ),
    (
      "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main",
      "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main"
    ),
    (
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://h/pub/d bookworm main",
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://h/pub/d bookworm main"
    ),
  ])
  func `keeps the main archive of a one-line entry`(line: String, kept: String) {
    #expect(DebianSources.kept(ofLines: line + "\n") == [kept])
  }

  @Test(arguments: [
    "deb https://packages.cloud.google.com/apt cloud-sdk-bookworm main",
    "deb https://download.docker.com/linux/debian bookworm main",
    "deb https://packages.microsoft.com/debian/12/prod bookworm main",
    "deb https://notdebian.org/apt bookworm main", "# deb http://deb.debian.org/debian sid main",
    "deb-src http://deb.debian.org/debian sid main", "deb http://deb.debian.org/debian sid contrib",
    "deb http://deb.debian.org/debian bookworm-backports main",
    "deb http://deb.debian.org/debian experimental main", "deb http://deb.debian.org/debian ./",
    "deb", "", "deb [arch=amd64",
  ])
  func `drops all other entries`(line: String) {
    #expect(DebianSources.kept(ofLines: line).isEmpty)
  }
}
