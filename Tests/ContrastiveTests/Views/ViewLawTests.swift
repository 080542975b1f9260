import TestSupport
import Testing

/// The laws of all random views, for every row of the table.
@Suite struct ViewLawTests {
  @Test(arguments: ViewTable.rows.flatMap(\.checks))
  func `views keep the laws`(_ check: ViewRow.Check) throws { try check.body() }
}
