import Datasets
import Foundation
import Retrieval
import Storage
import Torch

/// Readers of arrays: caches, vocabularies, tensors, indexes.
extension Reader {
  static let matrices: [Reader] = [
    Reader(
      name: "npy", weight: 6,
      tokens: ["'descr': '<f8'", "'fortran_order': True", "(2, 3)", "(0,)"],
      make: { folder in
        try NumpyFile.write(Tensor(rows: [[1, 2, 3], [4, 5, 6.5]]), to: "\(folder)/x.npy")
      },
      read: { folder in
        let tensor = try NumpyFile.read("\(folder)/x.npy")
        _ = try checked { (tensor.isAllFinite, tensor.description) }
      }),
    Reader(
      name: "safetensors", weight: 6,
      tokens: [
        "\"dtype\":\"F32\"", "\"I64\"", "\"shape\":[", "\"data_offsets\":[", "__metadata__",
      ],
      make: { folder in
        try Safetensors.write(
          ["a": Tensor([1.0, 2]), "b": Tensor(rows: [[Int64(3)], [4]]), "c": .zeros([0, 4])],
          metadata: ["format": "fuzz"], to: "\(folder)/x.safetensors")
      },
      read: { folder in
        let file = try SafetensorsFile(path: "\(folder)/x.safetensors")
        _ = try checked { try file.tensors().mapValues(\.description) }
      }),
    Reader(
      name: "csr", weight: 6,
      make: { folder in
        try CSRFile.write(
          CSRMatrix(
            rowOffsets: MappedArray([0, 2, 2, 5]), columns: MappedArray([0, 3, 1, 2, 4]),
            values: MappedArray([1, 2, 3, 4, 5]), columnCount: 5), to: "\(folder)/x.csr")
      },
      mendSums: { bytes, _ in CheckSums.matrix(&bytes) },
      read: { folder in
        let matrix = try CSRFile.read("\(folder)/x.csr")
        _ = matrix.selecting(rows: Array(0..<matrix.rowCount))
      }),
    Reader(
      name: "vocabulary", weight: 5,
      tokens: ["\"families\":", "\"minimumDocumentCount\":", "null"],
      make: { folder in
        try TextFeatures(
          learningFrom: Sample.rows.map(\.text), configuration: .init(minimumDocumentCount: 1)
        ).write(to: "\(folder)/x.bin")
      },
      mendSums: { bytes, _ in CheckSums.vocabulary(&bytes) },
      read: { folder in
        let features = try TextFeatures(contentsOf: "\(folder)/x.bin")
        _ = features.bags(of: Sample.rows.map(\.text))
      }),
    index("index", .float32, .innerProduct, hasGraph: true, weight: 6),
    index("index-int8", .int8, .cosine, hasGraph: true, weight: 2),
    index("index-exact", .float16, .innerProduct, hasGraph: false, weight: 2),
    index("index-codes", .float32, .cosine, hasGraph: false, hasCodes: true, weight: 2),
  ]

  private static func index(
    _ name: String, _ scalar: VectorScalar, _ metric: VectorStore.Metric, hasGraph: Bool,
    hasCodes: Bool = false, weight: Int
  ) -> Reader {
    Reader(
      name: name, weight: weight, tokens: ["DecntVec", "{\"of\":\"labels\"}"],
      make: { folder in
        var store = VectorStore(
          dimension: 4, scalar: scalar, metric: metric, note: ["of": "labels"])
        let vectors = (0..<160).map { Float(($0 * 7) % 11) - 5 }
        try store.add(Tensor(vectors, shape: [40, 4]), ids: (0..<40).map { "row \($0)" })
        try store.remove(ids: ["row 3"])
        if hasCodes {
          return try ExactSearch.quantized(store, threads: 1).write(to: "\(folder)/x.index")
        }
        guard hasGraph else { return try store.write(to: "\(folder)/x.index") }
        try ApproximateIndex(store, configuration: .init(connectivity: 3, threads: 1))
          .write(to: "\(folder)/x.index")
      },
      mendSums: { bytes, _ in CheckSums.index(&bytes) },
      read: { folder in
        let path = "\(folder)/x.index"
        let query = Tensor([Float(1), -2, 3, 0.5], shape: [1, 4])
        let store = try VectorStore(path: path)
        func use(_ body: () throws -> Void) throws {
          do { try body() } catch is InputError {}
        }
        try use { _ = try ExactSearch(store)(query, k: 3) }
        if hasCodes { try use { _ = try ExactSearch(path: path)(query, k: 3) } }
        guard hasGraph else { return }
        let index = try ApproximateIndex(path: path, configuration: .init(threads: 1))
        for k in [3, 100] { try use { _ = try index.search(query, k: k) } }
        try use { try index.add(query, ids: ["another"]) }
        try use { try index.remove(ids: [store.id(ofRow: 0)]) }
        try use { _ = try index.search(query, k: 3) }
      })
  }
}
