// A small web server with a trained model inside: the library inside another program.
// decant serve is the complete service; see Documentation/SERVE.md.
//
//   swift run --package-path Examples/server server runs/tickets 8080
//   curl -s localhost:8080/predict -d '{"text": "the printer makes a noise", "k": 2}'

import Foundation
import Hummingbird
import Models

/// The body of a request.
struct Question: Decodable {
  /// The text to label.
  var text: String
  /// The number of labels, 1 to 100; 3 if it is missing.
  var k: Int?
}

/// The body of an answer.
struct Answer: ResponseEncodable {
  /// The labels, best first; none if the model knows no word of the text.
  var labels: [TrainedModel.Prediction.Label]
}

@main struct Server {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    guard let run = arguments.first, let port = Int(arguments.dropFirst().first ?? "8080"),
      0...65535 ~= port
    else { fail("usage: server RUN [PORT]") }
    do {
      // Requests are answered at the same time, so each computes with one thread.
      let model = try TrainedModel(folder: RunFolder(path: run), threads: 1)
      try await application(model, port: port).runService()
    } catch {
      fail("\(error)")
    }
  }

  /// The server of one model, which all requests share: `TrainedModel` is `Sendable`.
  static func application(_ model: TrainedModel, port: Int) -> some ApplicationProtocol {
    let router = Router()
    router.post("predict") { request, context in
      let question = try await request.decode(as: Question.self, context: context)
      let k = question.k ?? 3
      guard 1...100 ~= k else {
        throw HTTPError(.badRequest, message: "k is \(k); expected 1 to 100")
      }
      return Answer(labels: try model.predict([question.text], k: k)[0].labels)
    }
    return Application(
      router: router,
      configuration: .init(address: .hostname("127.0.0.1", port: port)),
      onServerRunning: {
        // Port 0 picks a free one.
        print("http://127.0.0.1:\($0.localAddress?.port ?? port)/predict")
        fflush(nil)
      })
  }

  static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("server: \(message)\n".utf8))
    exit(1)
  }
}
