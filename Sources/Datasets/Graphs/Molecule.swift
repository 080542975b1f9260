public import Storage

/// A molecule as a graph of its heavy atoms, with numbers to be predicted.
public struct Molecule: Equatable, Sendable {
  /// An atom.
  public struct Atom: Hashable, Sendable {
    /// The atomic number, 6 for carbon.
    public var number: Int
    /// The formal charge, in elementary charges.
    public var charge: Int
    /// The number of hydrogen atoms at it.
    public var hydrogens: Int
    /// Whether it is in an aromatic ring.
    public var isAromatic: Bool

    /// Creates an atom.
    public init(number: Int, charge: Int = 0, hydrogens: Int = 0, isAromatic: Bool = false) {
      self.number = number
      self.charge = charge
      self.hydrogens = hydrogens
      self.isAromatic = isAromatic
    }
  }

  /// A bond between two atoms.
  public struct Bond: Hashable, Sendable {
    /// An atom.
    public var first: Int
    /// The other.
    public var second: Int
    /// 1 to 3, or 4 for an aromatic bond.
    public var order: Int

    /// Creates a bond.
    public init(_ first: Int, _ second: Int, order: Int) {
      self.first = first
      self.second = second
      self.order = order
    }
  }

  /// The atoms, numbered from 0.
  public var atoms: [Atom]
  /// The bonds.
  public var bonds: [Bond]
  /// The numbers to be predicted; nil where one is missing.
  public var targets: [Float?]
  /// The molecule in SMILES, as it was given.
  public var smiles: String

  /// Creates a molecule.
  public init(atoms: [Atom], bonds: [Bond], targets: [Float?] = [], smiles: String = "") {
    self.atoms = atoms
    self.bonds = bonds
    self.targets = targets
    self.smiles = smiles
  }

  /// The atoms that each atom is bound to.
  ///
  /// - Throws: `ValueError` for a bond of an atom that does not exist.
  public func graph() throws -> Graph {
    try Graph(
      nodeCount: atoms.count, edges: bonds.map { (source: $0.first, target: $0.second) })
  }
}

/// Molecules with the same targets.
public struct MoleculeCollection: Equatable, Sendable {
  /// The molecules, in the order of the file.
  public var molecules: [Molecule]
  /// The names of the targets.
  public var targetNames: [String]
}
