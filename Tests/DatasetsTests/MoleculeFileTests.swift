import Datasets
import Storage
import TestSupport
import Testing

@Suite struct MoleculeFileTests {
  private static let header = "AR,ER\tsmiles\tatoms\tbonds\n"

  private func read(_ text: String) throws -> MoleculeCollection {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "molecules.tsv")
    return try MoleculeFile(path: folder.path + "/molecules.tsv").read()
  }

  @Test func `reads atoms, bonds and targets with missing ones`() throws {
    let data = try read(
      Self.header + "1,-\tC[O-]\t6:0:3:0 8:-1:0:0\t0-1:1\n-,-0.5\tC\t6:0:4:1\t\r\n")
    #expect(data.targetNames == ["AR", "ER"])
    #expect(
      data.molecules == [
        Molecule(
          atoms: [.init(number: 6, hydrogens: 3), .init(number: 8, charge: -1)],
          bonds: [.init(0, 1, order: 1)], targets: [1, nil], smiles: "C[O-]"),
        Molecule(
          atoms: [.init(number: 6, hydrogens: 4, isAromatic: true)], bonds: [],
          targets: [nil, -0.5], smiles: "C"),
      ])
    #expect(try data.molecules[0].graph().degrees == [1, 1])
  }

  @Test(arguments: [
    ("1\tC\t6:0:4:0\t\n", "molecules.tsv:2:2"), ("1,0\tC\t6:0:4\t\n", "molecules.tsv:2:12"),
    ("1,0\tC\t6:0:4:2\t\n", "molecules.tsv:2:13: an aromatic atom is 2; expected at most 1"),
    ("1,0\tC\t119:0:4:0\t\n", "molecules.tsv:2:7: an atomic number is 119"),
    ("1,0\tC\t6:0:4:0\t0-1:1\n", "molecules.tsv:2:17: a node is 1; expected at most 0"),
    ("1,0\tC\t6:0:4:0\t0-0:1\n", "molecules.tsv:2:15: the bond joins atom 0 to itself"),
    (
      "1,0\tCC\t6:0:3:0 6:0:3:0\t0-1:1 1-0:1\n",
      "molecules.tsv:2:30: atoms 1 and 0 are bound a second time"
    ), ("1,0\tC\t6:0:4:0\n", "molecules.tsv:2:14"), ("1,x\tC\t6:0:4:0\t\n", "molecules.tsv:2:3"),
  ])
  func `refuses a fault with its place`(line: String, expected: String) {
    #expect { try read(Self.header + line) } throws: { "\($0)".contains(expected) }
  }

  @Test(arguments: [
    ("", "molecules.tsv:1: the file is empty"), ("a,b\tc\n", "molecules.tsv:1: the header is"),
  ])
  func `refuses a file without a header`(text: String, expected: String) {
    #expect { try read(text) } throws: { "\($0)".contains(expected) }
  }

  @Test(
    .enabled(if: SharedData.has("molecules")),
    arguments: [("esol", 1128, 1, 0), ("tox21", 8006, 12, 16581)])
  func `reads ESOL and Tox21`(name: String, molecules: Int, targets: Int, missing: Int) throws {
    let data = try MoleculeFile(path: SharedData.path("molecules/\(name).tsv.xz")).read()
    #expect(data.molecules.count == molecules && data.targetNames.count == targets)
    #expect(data.molecules.flatMap(\.targets).count { $0 == nil } == missing)
  }
}
