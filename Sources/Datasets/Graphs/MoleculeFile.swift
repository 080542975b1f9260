import Storage

/// Reads a table of molecules.
///
/// Its first line is a header; the columns have tabulators between:
///
/// | column | a line |
/// |---|---|
/// | the targets' names, with commas | their numbers, with commas; - for a missing one |
/// | `smiles` | the molecule in SMILES |
/// | `atoms` | `atomic number:charge:hydrogens:aromatic` of each atom, with spaces |
/// | `bonds` | `i-j:order` of each bond, atoms from 0, 4 for aromatic, with spaces; may be empty |
///
/// It may be compressed. This is the form of ESOL and Tox21 as RDKit reads them.
public struct MoleculeFile: Sendable {
  /// The file.
  public var path: String

  /// Creates a reader of the file `path`.
  public init(path: String) { self.path = path }

  /// Reads the file.
  ///
  /// - Throws: `FileError` if the file cannot be read; `InputError` with line and column for a fault
  ///   in a line, an atom that does not exist, and a bond that appears twice or joins an atom to itself.
  public func read() throws -> MoleculeCollection {
    var names: [String]?
    var molecules: [Molecule] = []
    try GraphFiles.forEachLine(of: path) { (cursor, bytes, range) throws(LineFault) in
      guard let names else { return names = try header(bytes, range) }
      let targets = try targets(&cursor, names)
      let smiles = bytes[cursor.position..<range.upperBound].prefix { $0 != 0x09 }
      cursor.advance(by: smiles.count)
      try cursor.skip("\t", "a tabulator and the atoms")
      var atoms: [Molecule.Atom] = []
      repeat { atoms.append(try atom(&cursor)) } while cursor.take(" ")
      try cursor.skip("\t", "a space and an atom, or a tabulator and the bonds")
      let bonds = try bonds(&cursor, among: atoms.count)
      molecules.append(
        Molecule(
          atoms: atoms, bonds: bonds, targets: targets,
          smiles: String(decoding: smiles, as: UTF8.self)))
    }
    guard let names else {
      throw InputError(
        file: path, line: 1, reason: "the file is empty", expected: "a header and molecules")
    }
    return MoleculeCollection(molecules: molecules, targetNames: names)
  }

  private func header(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(LineFault)
    -> [String]
  {
    let line = String(decoding: bytes[range], as: UTF8.self)
    let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 4, fields[1] == "smiles", fields[2] == "atoms",
      fields[3].prefix(5) == "bonds"
    else {
      throw LineFault(
        reason: "the header is \"\(line.prefix(80))\"",
        expected: "the targets' names, smiles, atoms and bonds with tabulators between")
    }
    return fields[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  private func targets(_ cursor: inout SVMLightCursor, _ names: [String]) throws(LineFault)
    -> [Float?]
  {
    var targets: [Float?] = []
    for name in names {
      if !targets.isEmpty { try cursor.skip(",", "a comma and the number of \(name)") }
      var ahead = cursor
      if ahead.take("-"), ahead.isNext(",") || ahead.isNext("\t") {
        cursor = ahead
        targets.append(nil)
      } else {
        targets.append(try cursor.value())
      }
    }
    try cursor.skip("\t", "a tabulator after \(counted(names.count, "number"))")
    return targets
  }

  private func atom(_ cursor: inout SVMLightCursor) throws(LineFault) -> Molecule.Atom {
    let number = try cursor.integer(upTo: 118, "an atomic number")
    try cursor.skip(":", "a colon and the charge")
    let isNegative = cursor.take("-")
    let charge = try cursor.integer(upTo: 118, "a charge")
    try cursor.skip(":", "a colon and the number of hydrogens")
    let hydrogens = try cursor.integer(upTo: 118, "a number of hydrogens")
    try cursor.skip(":", "a colon and 1 for an aromatic atom, 0 for another")
    let aromatic = try cursor.integer(upTo: 1, "an aromatic atom")
    return .init(
      number: number, charge: isNegative ? -charge : charge, hydrogens: hydrogens,
      isAromatic: aromatic == 1)
  }

  private func bonds(_ cursor: inout SVMLightCursor, among atoms: Int) throws(LineFault)
    -> [Molecule.Bond]
  {
    var bonds: [Molecule.Bond] = []
    var seen: Set<[Int]> = []
    while !cursor.isAtEnd {
      if !bonds.isEmpty { try cursor.skip(" ", "a space and a bond, or the end of the line") }
      let start = cursor.position
      let first = try cursor.node(below: atoms)
      try cursor.skip("-", "a hyphen and the bond's second atom")
      let second = try cursor.node(below: atoms)
      try cursor.skip(":", "a colon and the bond's order")
      let order = try cursor.integer(upTo: 4, "a bond's order")
      guard first != second, seen.insert([first, second].sorted()).inserted else {
        throw LineFault(
          position: start,
          reason: first == second
            ? "the bond joins atom \(first) to itself"
            : "atoms \(first) and \(second) are bound a second time",
          expected: "two atoms, each two once")
      }
      bonds.append(.init(first, second, order: order))
    }
    return bonds
  }
}
