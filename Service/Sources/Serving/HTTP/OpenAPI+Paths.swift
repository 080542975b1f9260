extension OpenAPI {
  /// Decant's paths of one run.
  ///
  /// - Parameter prefix: `/v1` for the first run, or a path with the parameter `{run}`.
  static func ownPaths(_ prefix: String, _ settings: ServiceConfiguration) -> String {
    let most = settings.maximumLabels
    let parameters = runParameter(prefix)
    func operation(_ name: String) -> String { self.operation(name, prefix) }
    return #"""
      "\#(prefix)/predict": {\#(parameters)
        "post": {
          "operationId": "\#(operation("predict"))",
          "summary": "Rank the labels of one or several texts, best first",
          "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}}}
          },
          "responses": {
            "200": {
              "description": "For text its labels, for texts their predictions in order",
              "content": {
                "application/json": {
                  "schema": {
                    "oneOf": [
                      {"$ref": "#/components/schemas/Prediction"},
                      {"$ref": "#/components/schemas/Predictions"}
                    ]
                  }
                }
              }
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      },
      "\#(prefix)/similar": {\#(parameters)
        "post": {
          "operationId": "\#(operation("similar"))",
          "summary": "Find the documents most similar to a text",
          "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SimilarRequest"}}}
          },
          "responses": {
            "200": {
              "description": "Most similar first",
              "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/SimilarDocuments"}}
              }
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      },
      "\#(prefix)/labels": {\#(parameters)
        "get": {
          "operationId": "\#(operation("labels"))",
          "summary": "Search labels by a part of their name",
          "parameters": [
            {"name": "query", "in": "query", "schema": {"type": "string"}},
            {
              "name": "limit",
              "in": "query",
              "schema": {"type": "integer", "minimum": 1, "maximum": \#(most), "default": \#(min(20, most))}
            },
            {
              "name": "offset",
              "in": "query",
              "description": "The number of matches to skip.",
              "schema": {"type": "integer", "minimum": 0, "maximum": \#(Routes.maximumOffset), "default": 0}
            }
          ],
          "responses": {
            "200": {
              "description": "In order",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LabelList"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        },
        "post": {
          "operationId": "\#(operation("addLabel"))",
          "summary": "Add a label that is defined by its text alone and ranked from now on",
          "requestBody": {
            "required": true,
            "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/AddLabelRequest"}}
            }
          },
          "responses": {
            "201": {
              "description": "Stored durably",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Label"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      },
      "\#(prefix)/labels/{id}": {\#(parameters)
        "get": {
          "operationId": "\#(operation("label"))",
          "summary": "Get a label by its name",
          "parameters": [{"$ref": "#/components/parameters/LabelID"}],
          "responses": {
            "200": {
              "description": "The label",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Label"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        },
        "delete": {
          "operationId": "\#(operation("removeLabel"))",
          "summary": "Remove a label that was added, with the verdicts on it",
          "description": "409 means that the model was trained on the label.",
          "parameters": [{"$ref": "#/components/parameters/LabelID"}],
          "responses": {
            "200": {
              "description": "Removed durably",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RemovedLabel"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      },
      "\#(prefix)/feedback": {\#(parameters)
        "get": {
          "operationId": "\#(operation("feedback"))",
          "summary": "Export all feedback, one text per line, as decant train --feedback reads it",
          "responses": {
            "200": {
              "description": "One JSON object per line",
              "content": {"application/jsonl": {"schema": {"type": "string"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        },
        "post": {
          "operationId": "\#(operation("addFeedback"))",
          "summary": "Accept or reject labels of a text",
          "requestBody": {
            "required": true,
            "content": {
              "application/json": {"schema": {"$ref": "#/components/schemas/FeedbackRequest"}}
            }
          },
          "responses": {
            "201": {
              "description": "Stored durably",
              "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/FeedbackReceipt"}}
              }
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      },
      "\#(prefix)/model": {\#(parameters)
        "get": {
          "operationId": "\#(operation("model"))",
          "summary": "Describe the served model",
          "responses": {
            "200": {
              "description": "The model",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}
            },
            "default": {"$ref": "#/components/responses/Error"}
          }
        }
      }
      """#
  }

  /// The paths of the service itself.
  static let servicePaths = #"""
    "/healthz": {
      "get": {
        "operationId": "health",
        "summary": "Liveness check",
        "security": [],
        "responses": {
          "200": {
            "description": "The process is alive",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
          },
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/readyz": {
      "get": {
        "operationId": "ready",
        "summary": "Readiness check",
        "security": [],
        "responses": {
          "200": {
            "description": "Ready for requests",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
          },
          "503": {
            "description": "Starting, shutting down or overloaded",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
          },
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "metrics",
        "summary": "Metrics in Prometheus text format",
        "responses": {
          "200": {
            "description": "Text format 0.0.4",
            "content": {"text/plain": {"schema": {"type": "string"}}}
          },
          "default": {"$ref": "#/components/responses/Error"}
        }
      }
    }
    """#

  /// The description of the parameter of a prefix, if it has one.
  static func runParameter(_ prefix: String) -> String {
    prefix.contains("{run}") ? ##""parameters": [{"$ref": "#/components/parameters/Run"}],"## : ""
  }

  /// The name of an operation, which must be unique in the document.
  static func operation(_ name: String, _ prefix: String) -> String {
    prefix.contains("{run}") ? name + "OfRun" : name
  }
}
