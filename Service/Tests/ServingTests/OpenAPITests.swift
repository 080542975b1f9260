import Foundation
import Logging
import Testing

@testable import Serving

/// The description of the interface.
@Suite struct OpenAPITests {
  private static func document() throws -> [String: Any] {
    let data = Data(OpenAPI.document(.init()).utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private static func operations() throws -> [(name: String, value: [String: Any])] {
    let paths = try #require(try document()["paths"] as? [String: [String: Any]])
    return paths.flatMap { path, item in
      item.compactMap { method, value in
        (value as? [String: Any]).map { ("\(method) \(path)", $0) }
      }
    }
  }

  @Test func `describes exactly the paths of the service`() throws {
    let small = try SmallModel()
    let service = try DecantService(
      [small.toServe()], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    defer { for run in service.routes.runs.all { try? run.close() } }
    let served = service.routes.table.flatMap { path, endpoints in
      endpoints.map { "\("\($0.method)".lowercased()) \(path)" }
    }
    #expect(Set(served).count == served.count)
    // The page and the description itself.
    let inner = ["get /", "get /openapi.json"]
    #expect(Set(try Self.operations().map(\.name)) == Set(served).subtracting(inner))
  }

  @Test func `names each operation once and has no loose references`() throws {
    let names = try Self.operations().compactMap { $0.value["operationId"] as? String }
    #expect(names.count == (try Self.operations().count) && Set(names).count == names.count)
    let text = OpenAPI.document(.init())
    let components = try #require(try Self.document()["components"] as? [String: [String: Any]])
    let references = text.matches(of: /"#\/components\/(\w+)\/(\w+)"/)
    #expect(references.count > 50)
    for reference in references {
      let (kind, name) = (String(reference.1), String(reference.2))
      #expect(components[kind]?[name] != nil, "\(kind)/\(name)")
    }
  }
}
