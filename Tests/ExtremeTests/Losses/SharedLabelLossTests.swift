import TestSupport
import Testing

/// The laws of all losses over labels, for every row of the table.
@Suite struct SharedLabelLossTests {
  @Test(arguments: LabelLossTable.rows.flatMap(\.checks))
  func `losses over labels keep the laws`(_ check: LabelLossRow.Check) throws { try check() }

  @Test(.enabled(if: LabelLossChecks.canMeasureMemory))
  func `no loss over labels needs a score matrix`() async {
    await #expect(processExitsWith: .success) {
      for row in LabelLossTable.losses {
        try LabelLossChecks.needsNoScoreMatrix(row.type, labelCount: row.memoryLabelCount)
      }
    }
  }
}
