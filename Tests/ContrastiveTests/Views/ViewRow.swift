import Contrastive
import Storage
import TestSupport
import Testing
import Torch

/// A random view of a batch, with the inputs of the laws of views: a row of the table.
struct ViewRow: Sendable {
  /// A law of all views.
  enum Law: String, CaseIterable, Sendable {
    /// Views match the golden file.
    case reference
    /// Views in float32 match the golden file and are float32.
    case float32
    /// Two views differ, and the same state of the generator gives the same view.
    case state
    /// Settings without an effect do not change the batch.
    case neutral
    /// The settings round-trip through Codable.
    case record
  }

  /// One law of one row.
  struct Check: Sendable, CustomTestStringConvertible {
    let name: String
    let law: Law
    let body: @Sendable () throws -> Void

    /// The names of the row and the law.
    var testDescription: String { "\(name): \(law.rawValue)" }
  }

  let checks: [Check]

  /// A row of a view of a batch.
  ///
  /// - Parameters:
  ///   - view: settings that change the batch.
  ///   - form: the difference from other rows of the same view.
  ///   - neutral: settings that do not change the batch.
  ///   - shape: the shape of the batch, of numbers in 0 … 1.
  ///   - tolerance: the tolerance of the golden file.
  ///   - laws: the laws to check; all by default.
  init<View: BatchView>(
    _ view: View, form: String? = nil, neutral: [View], shape: [Int], tolerance: Double = 1e-12,
    laws: Set<Law> = Set(Law.allCases)
  ) {
    var bodies: [Law: @Sendable () throws -> Void] = [
      .reference: {
        let cases = try Golden<ViewCase<View>>("\(View.self)").cases
        #expect(cases.count >= 2)
        for (index, one) in cases.enumerated() {
          expectClose(
            one.options(one.input.tensor, generator: Generator(seed: one.seed)),
            one.value.tensor, tolerance: tolerance, "case \(index)")
          try Record(one.options).roundTrips()
        }
      },
      .float32: {
        for (index, one) in try Golden<ViewCase<View>>("\(View.self)").cases.enumerated() {
          let single = one.options(
            one.input.tensor.converted(to: .float32), generator: Generator(seed: one.seed))
          #expect(single.dtype == .float32, "case \(index)")
          // The inputs avoid hues that jump where float32 sees two channels as equal.
          expectClose(
            single.converted(to: .float64), one.value.tensor, tolerance: 2e-5, "case \(index)")
        }
      },
      .state: {
        let batch = pictures(shape)
        let generator = Generator(seed: 1)
        let state = generator.state
        let first = view(batch, generator: generator)
        #expect(first.shape == shape && first.dtype == .float64)
        #expect(!view(batch, generator: generator).isIdentical(to: first))
        generator.state = state
        #expect(view(batch, generator: generator).isIdentical(to: first))
      },
      .neutral: {
        let batch = pictures(shape)
        for view in neutral {
          expectClose(view(batch, generator: Generator(seed: 1)), batch, tolerance: 1e-12)
        }
      },
      .record: { try Record(view).roundTrips() },
    ]
    if neutral.isEmpty { bodies[.neutral] = nil }
    checks = Self.checks(
      of: "\(View.self)" + (form.map { ", \($0)" } ?? ""), bodies.filter { laws.contains($0.key) })
  }

  /// A row of a view of texts.
  ///
  /// - Parameters:
  ///   - view: settings that change the texts.
  ///   - neutral: settings that do not change the texts.
  ///   - texts: texts of tokens below 40.
  ///   - call: the view of texts.
  init<View: Codable & Equatable & Sendable>(
    _ view: View, neutral: [View], texts: [[Int]],
    _ call: @escaping @Sendable (View, CSRMatrix, Generator) -> CSRMatrix
  ) {
    @Sendable func plain() -> CSRMatrix { CSRMatrix(rows: texts, columnCount: 40) }
    checks = Self.checks(
      of: "\(View.self)",
      [
        .reference: {
          let cases = try Golden<TextViewCase<View>>("\(View.self)").cases
          #expect(cases.count >= 2)
          for (index, one) in cases.enumerated() {
            let view = call(one.options, one.texts, Generator(seed: one.seed))
            #expect(tokens(view) == one.value, "case \(index)")
            #expect(view.columnCount == one.columns, "case \(index)")
            try Record(one.options).roundTrips()
          }
        },
        .state: {
          let generator = Generator(seed: 1)
          let state = generator.state
          let first = call(view, plain(), generator)
          #expect(call(view, plain(), generator) != first)
          generator.state = state
          #expect(call(view, plain(), generator) == first)
        },
        .neutral: {
          for view in neutral { #expect(call(view, plain(), Generator(seed: 1)) == plain()) }
        },
        .record: { try Record(view).roundTrips() },
      ])
  }

  private static func checks(
    of name: String, _ laws: [Law: @Sendable () throws -> Void]
  ) -> [Check] {
    Law.allCases.compactMap { law in
      laws[law].map { Check(name: name, law: law, body: $0) }
    }
  }
}
