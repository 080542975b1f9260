import TestSupport
import Testing

/// The laws that losses have in common, for every row of the tables.
@Suite struct LossLawTests {
  @Test(arguments: PairLossTable.rows.checks)
  func `losses of pairs and views keep the laws`(_ check: BatchLoss.Check) throws { try check() }

  @Test(arguments: ClassLossTable.rows.checks)
  func `losses of classes and targets keep the laws`(_ check: BatchLoss.Check) throws {
    try check()
  }

  @Test(arguments: PrototypeLossTable.rows.checks)
  func `losses of prototypes keep the laws`(_ check: BatchLoss.Check) throws { try check() }
}
