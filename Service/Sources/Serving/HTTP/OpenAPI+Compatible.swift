extension OpenAPI {
  /// The paths of text-embeddings-inference.
  ///
  /// - Parameter prefix: empty for the first run, or a path with the parameter `{run}`.
  static func inferencePaths(_ prefix: String) -> String {
    let parameters = runParameter(prefix)
    func post(_ name: String, _ summary: String, _ body: String, _ answer: String) -> String {
      self.post(
        operation(name, prefix), summary, body: .json(body), answer: answer,
        error: "InferenceError")
    }
    let embed = post("embed", "Embed texts", "EmbedRequest", "Vectors")
    let root =
      prefix.isEmpty
      ? #"""
      "/": {
        \#(self.post("embedAtRoot", "Embed texts", body: .json("EmbedRequest"), answer: "Vectors", error: "InferenceError"))
      },
      """# : ""
    return #"""
      \#(root)
      "\#(prefix)/embed": {\#(parameters)
        \#(embed)
      },
      "\#(prefix)/rerank": {\#(parameters)
        \#(post("rerank", "Rank texts by the cosine with a query", "RerankRequest", "RerankedTexts"))
      },
      "\#(prefix)/similarity": {\#(parameters)
        \#(post("similarity", "The cosine of a text with others", "SimilarityRequest", "Numbers"))
      },
      "\#(prefix)/info": {\#(parameters)
        \#(get(operation("info", prefix), "Describe the served model", answer: "InferenceInfo", error: "InferenceError"))
      },
      "\#(prefix)/health": {\#(parameters)
        "get": {
          "operationId": "\#(operation("inferenceHealth", prefix))",
          "summary": "Readiness check",
          "responses": {
            "200": {"description": "Ready for requests"},
            "default": {"$ref": "#/components/responses/InferenceError"}
          }
        }
      }
      """#
  }

  /// The paths of OpenAI's interface, and the list of runs.
  static let openAIPaths = #"""
    "/v1/runs": {
      \#(get("runs", "List the served runs", answer: "RunList", error: "Error"))
    },
    "/v1/embeddings": {
      \#(post("embeddings", "Embed texts", body: .json("EmbeddingsRequest"), answer: "Embeddings", error: "OpenAIError"))
    },
    "/v1/models": {
      \#(get("models", "List the served runs", answer: "Models", error: "OpenAIError"))
    },
    "/v1/models/{model}": {
      "parameters": [{"name": "model", "in": "path", "required": true, "schema": {"type": "string"}}],
      \#(get("modelByName", "Describe a served run", answer: "ServedModel", error: "OpenAIError"))
    }
    """#

  /// The paths of Annif's interface.
  static func annifPaths(_ settings: ServiceConfiguration) -> String {
    #"""
    "/v1": {
      \#(get("annif", "Describe the interface", answer: "AnnifService", error: "Problem"))
    },
    "/v1/projects": {
      \#(get("projects", "List the runs as projects", answer: "AnnifProjects", error: "Problem"))
    },
    "/v1/vocabs": {
      \#(get("vocabs", "List the labels of the runs as vocabularies", answer: "AnnifVocabularies", error: "Problem"))
    },
    "/v1/projects/{project}": {
      \#(project),
      \#(get("project", "Describe a run as a project", answer: "AnnifProject", error: "Problem"))
    },
    "/v1/projects/{project}/suggest": {
      \#(project),
      \#(post("suggest", "Suggest subjects for a text", body: .form("AnnifText"), answer: "AnnifSuggestions", error: "Problem"))
    },
    "/v1/projects/{project}/suggest-batch": {
      "parameters": [
        {"name": "project", "in": "path", "required": true, "schema": {"type": "string"}},
        {
          "name": "limit",
          "in": "query",
          "schema": {
            "type": "integer",
            "minimum": 0,
            "maximum": \#(settings.maximumLabels),
            "default": 10
          }
        },
        {
          "name": "threshold",
          "in": "query",
          "schema": {"type": "number", "minimum": 0, "maximum": 1, "default": 0}
        },
        {"name": "language", "in": "query", "schema": {"type": "string", "enum": ["und"]}}
      ],
      \#(post("suggestBatch", "Suggest subjects for several texts", body: .json("AnnifBatch"), answer: "AnnifBatchSuggestions", error: "Problem"))
    },
    "/v1/projects/{project}/learn": {
      \#(project),
      "post": {
        "operationId": "learn",
        "summary": "Store subjects of texts as accepted labels",
        "requestBody": {
          "required": true,
          "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AnnifDocuments"}}}
        },
        "responses": {
          "204": {"description": "Stored durably"},
          "default": {"$ref": "#/components/responses/Problem"}
        }
      }
    }
    """#
  }

  private static let project = #"""
    "parameters": [{"name": "project", "in": "path", "required": true, "schema": {"type": "string"}}]
    """#

  /// The schema of a request's body.
  private enum Body {
    case json(String)
    case form(String)

    var text: String {
      let (type, schema) =
        switch self {
        case .json(let schema): ("application/json", schema)
        case .form(let schema): ("application/x-www-form-urlencoded", schema)
        }
      return ##""\##(type)": {"schema": {"$ref": "#/components/schemas/\##(schema)"}}"##
    }
  }

  private static func post(
    _ operation: String, _ summary: String, body: Body, answer: String, error: String
  ) -> String {
    #"""
    "post": {
      "operationId": "\#(operation)",
      "summary": "\#(summary)",
      "requestBody": {"required": true, "content": {\#(body.text)}},
      \#(responses(answer, error))
    }
    """#
  }

  private static func get(
    _ operation: String, _ summary: String, answer: String, error: String
  ) -> String {
    #"""
    "get": {
      "operationId": "\#(operation)",
      "summary": "\#(summary)",
      \#(responses(answer, error))
    }
    """#
  }

  private static func responses(_ answer: String, _ error: String) -> String {
    #"""
    "responses": {
      "200": {
        "description": "The answer",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\#(answer)"}}}
      },
      "default": {"$ref": "#/components/responses/\#(error)"}
    }
    """#
  }
}
