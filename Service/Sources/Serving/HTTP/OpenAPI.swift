/// The service's OpenAPI 3.1 description.
enum OpenAPI {
  /// The version of the interface.
  static let version = "1"

  /// The description with the limits of these settings.
  static func document(_ settings: ServiceConfiguration) -> String {
    let most = settings.maximumLabels
    return #"""
      {
        "openapi": "3.1.0",
        "info": {
          "title": "Decant",
          "version": "\#(version)",
          "description": "Ranks labels for texts. Errors are {\"error\": {\"code\", \"message\"}}, except on the paths of other interfaces, which have those of OpenAI, text-embeddings-inference and Annif. Paths that name no run belong to the first one. A traceparent is continued and answered. Texts and names are read in Unicode's normal form C. 422 means that a request is well formed but names a label that does not exist, the same label twice, or only words that the model does not know."
        },
        "security": [{}, {"token": []}],
        "paths": {
          \#(ownPaths("/v1", settings)),
          \#(ownPaths("/v1/runs/{run}", settings)),
          \#(servicePaths),
          \#(inferencePaths("")),
          \#(inferencePaths("/v1/runs/{run}")),
          \#(openAIPaths),
          \#(annifPaths(settings))
        },
        "components": {
          "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
          "parameters": {
            "Run": {
              "name": "run",
              "in": "path",
              "required": true,
              "description": "The name of a run.",
              "schema": {"type": "string", "minLength": 1}
            },
            "LabelID": {
              "name": "id",
              "in": "path",
              "required": true,
              "schema": {"type": "string", "minLength": 1, "maxLength": \#(AddLabelRequest.maximumName)}
            }
          },
          "responses": {
            "Error": {
              "description": "The error",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
            },
            "OpenAIError": {
              "description": "The error",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}
            },
            "InferenceError": {
              "description": "The error",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}}
            },
            "Problem": {
              "description": "The error",
              "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
            }
          },
          "schemas": {
            \#(compatibleSchemas(settings)),
            "Text": {
              "type": "string",
              "not": {"pattern": "\\u0000"},
              "description": "A text in the words of the training documents."
            },
            "LabelName": {
              "type": "string",
              "minLength": 1,
              "maxLength": \#(AddLabelRequest.maximumName),
              "not": {"pattern": "[\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]"},
              "description": "A single line without control characters."
            },
            "LabelNames": {
              "type": "array",
              "items": {"$ref": "#/components/schemas/LabelName"},
              "maxItems": \#(most),
              "uniqueItems": true,
              "default": [],
              "description": "Each label at most once over both lists."
            },
            "RankedNames": {
              "type": "array",
              "items": {"$ref": "#/components/schemas/LabelName"},
              "description": "Names of labels. A name that the model does not have is refused with 422, and lists that leave no label with 400."
            },
            "Threshold": {
              "oneOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "const": "tuned"}
              ],
              "description": "The lowest probability of a label, or \"tuned\" for the thresholds that the calibration of the run has found."
            },
            "PredictRequest": {
              "oneOf": [
                {
                  "type": "object",
                  "properties": {
                    "text": {"$ref": "#/components/schemas/Text"},
                    "k": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": \#(most),
                      "description": "The maximum number of labels: 5, or with the threshold \"tuned\" all that reach theirs, if it is missing."
                    },
                    "threshold": {"$ref": "#/components/schemas/Threshold"},
                    "only": {"$ref": "#/components/schemas/RankedNames"},
                    "except": {"$ref": "#/components/schemas/RankedNames"}
                  },
                  "required": ["text"],
                  "additionalProperties": false
                },
                {
                  "type": "object",
                  "properties": {
                    "texts": {
                      "type": "array",
                      "items": {"$ref": "#/components/schemas/Text"},
                      "minItems": 1,
                      "maxItems": \#(settings.maximumTexts)
                    },
                    "k": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": \#(most),
                      "description": "The maximum number of labels: 5, or with the threshold \"tuned\" all that reach theirs, if it is missing."
                    },
                    "threshold": {"$ref": "#/components/schemas/Threshold"},
                    "only": {"$ref": "#/components/schemas/RankedNames"},
                    "except": {"$ref": "#/components/schemas/RankedNames"}
                  },
                  "required": ["texts"],
                  "additionalProperties": false
                }
              ],
              "description": "threshold requires a calibrated run. only and except choose the labels that are ranked; scores and probabilities do not change."
            },
            "RankedLabel": {
              "type": "object",
              "properties": {
                "id": {"type": "string"},
                "text": {"type": "string", "description": "Absent for a label without a text."},
                "score": {"type": "number"},
                "probability": {"type": "number", "minimum": 0, "maximum": 1}
              },
              "required": ["id", "score"],
              "additionalProperties": false
            },
            "Prediction": {
              "type": "object",
              "properties": {
                "labels": {"type": "array", "items": {"$ref": "#/components/schemas/RankedLabel"}},
                "known": {
                  "type": "boolean",
                  "const": false,
                  "description": "Present if the model recognises nothing in the text, which then has no labels."
                }
              },
              "required": ["labels"],
              "additionalProperties": false
            },
            "Predictions": {
              "type": "object",
              "properties": {
                "predictions": {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}}
              },
              "required": ["predictions"],
              "additionalProperties": false
            },
            "SimilarRequest": {
              "type": "object",
              "properties": {
                "text": {"$ref": "#/components/schemas/Text"},
                "k": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": \#(most),
                  "default": 5,
                  "description": "The maximum number of documents."
                }
              },
              "required": ["text"],
              "additionalProperties": false
            },
            "SimilarDocuments": {
              "type": "object",
              "properties": {
                "documents": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "properties": {
                      "id": {"type": "string"},
                      "text": {"type": "string"},
                      "similarity": {"type": "number"}
                    },
                    "required": ["id", "text", "similarity"],
                    "additionalProperties": false
                  }
                }
              },
              "required": ["documents"],
              "additionalProperties": false
            },
            "AddLabelRequest": {
              "type": "object",
              "properties": {
                "id": {"$ref": "#/components/schemas/LabelName"},
                "text": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": \#(settings.maximumLabelText),
                  "pattern": "\\S",
                  "not": {"pattern": "\\u0000"},
                  "description": "Its description, in words that the model knows."
                }
              },
              "required": ["id", "text"],
              "additionalProperties": false
            },
            "Label": {
              "type": "object",
              "properties": {
                "id": {"type": "string"},
                "text": {"type": "string"},
                "documents": {
                  "type": "integer",
                  "minimum": 0,
                  "description": "The number of training documents with it; absent for added labels."
                }
              },
              "required": ["id"],
              "additionalProperties": false
            },
            "LabelList": {
              "type": "object",
              "properties": {
                "labels": {"type": "array", "items": {"$ref": "#/components/schemas/Label"}},
                "total": {"type": "integer", "minimum": 0}
              },
              "required": ["labels", "total"],
              "additionalProperties": false
            },
            "RemovedLabel": {
              "type": "object",
              "properties": {
                "id": {"type": "string"},
                "verdicts": {
                  "type": "integer",
                  "minimum": 0,
                  "description": "The number of verdicts on it, which were removed too."
                }
              },
              "required": ["id", "verdicts"],
              "additionalProperties": false
            },
            "FeedbackRequest": {
              "type": "object",
              "properties": {
                "text": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": \#(settings.maximumFeedbackText),
                  "pattern": "\\S",
                  "not": {"pattern": "\\u0000"}
                },
                "accepted": {"$ref": "#/components/schemas/LabelNames"},
                "rejected": {"$ref": "#/components/schemas/LabelNames"}
              },
              "required": ["text"],
              "anyOf": [
                {"required": ["accepted"], "properties": {"accepted": {"minItems": 1}}},
                {"required": ["rejected"], "properties": {"rejected": {"minItems": 1}}}
              ],
              "additionalProperties": false
            },
            "FeedbackReceipt": {
              "type": "object",
              "properties": {"verdicts": {"type": "integer", "minimum": 1}},
              "required": ["verdicts"],
              "additionalProperties": false
            },
            "Model": {
              "type": "object",
              "properties": {
                "name": {"type": "string"},
                "labels": {"type": "integer"},
                "dimension": {"type": "integer"},
                "trainedOn": {"type": "string"},
                "trained": {"type": "string", "format": "date-time"},
                "isCalibrated": {"type": "boolean"},
                "hasDocuments": {"type": "boolean"}
              },
              "required": ["name", "labels", "dimension", "trainedOn", "trained", "isCalibrated", "hasDocuments"],
              "additionalProperties": false
            },
            "Health": {
              "type": "object",
              "properties": {
                "status": {"type": "string"},
                "run": {
                  "type": "string",
                  "enum": ["current", "changed"],
                  "description": "changed: the folder of some run contains something else that cannot be opened; the earlier model still answers."
                },
                "runs": {"$ref": "#/components/schemas/RunStates"}
              },
              "required": ["status", "run", "runs"],
              "additionalProperties": false
            },
            "RunStates": {
              "type": "object",
              "additionalProperties": {"type": "string", "enum": ["current", "changed"]},
              "description": "Whether each run's folder contains the served model, by the run's name."
            },
            "RunList": {
              "type": "object",
              "properties": {"runs": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}},
              "required": ["runs"],
              "additionalProperties": false
            },
            "Status": {
              "type": "object",
              "properties": {
                "status": {"type": "string"},
                "runs": {"$ref": "#/components/schemas/RunStates"}
              },
              "required": ["status", "runs"],
              "additionalProperties": false
            },
            "Error": {
              "type": "object",
              "properties": {
                "error": {
                  "type": "object",
                  "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                  "required": ["code", "message"],
                  "additionalProperties": false
                }
              },
              "required": ["error"],
              "additionalProperties": false
            }
          }
        }
      }
      """#
  }
}
