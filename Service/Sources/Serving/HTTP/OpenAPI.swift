/// The service's OpenAPI 3.1 description.
enum OpenAPI {
  /// The description with the limits of these settings.
  static func document(_ settings: ServiceConfiguration) -> String {
    let most = settings.maximumLabels
    return #"""
      {
        "openapi": "3.1.0",
        "info": {
          "title": "Decant",
          "version": "1",
          "description": "Ranks labels for texts. Errors are {\"error\": {\"code\", \"message\"}}. Texts and names are read in Unicode's normal form C. 422 means that a request is well formed but names a label that does not exist, the same label twice, or only words that the model does not know."
        },
        "security": [{}, {"token": []}],
        "paths": {
          "/v1/predict": {
            "post": {
              "operationId": "predict",
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
          "/v1/similar": {
            "post": {
              "operationId": "similar",
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
          "/v1/labels": {
            "get": {
              "operationId": "labels",
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
              "operationId": "addLabel",
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
          "/v1/labels/{id}": {
            "get": {
              "operationId": "label",
              "summary": "Get a label by its name",
              "parameters": [
                {
                  "name": "id",
                  "in": "path",
                  "required": true,
                  "schema": {"type": "string", "minLength": 1, "maxLength": \#(AddLabelRequest.maximumName)}
                }
              ],
              "responses": {
                "200": {
                  "description": "The label",
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Label"}}}
                },
                "default": {"$ref": "#/components/responses/Error"}
              }
            }
          },
          "/v1/feedback": {
            "get": {
              "operationId": "feedback",
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
              "operationId": "addFeedback",
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
          "/v1/model": {
            "get": {
              "operationId": "model",
              "summary": "Describe the served model",
              "responses": {
                "200": {
                  "description": "The model",
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}
                },
                "default": {"$ref": "#/components/responses/Error"}
              }
            }
          },
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
        },
        "components": {
          "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
          "responses": {
            "Error": {
              "description": "The error",
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
            }
          },
          "schemas": {
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
                      "default": 5,
                      "description": "The maximum number of labels."
                    },
                    "threshold": {"type": "number", "minimum": 0, "maximum": 1}
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
                      "default": 5,
                      "description": "The maximum number of labels."
                    },
                    "threshold": {"type": "number", "minimum": 0, "maximum": 1}
                  },
                  "required": ["texts"],
                  "additionalProperties": false
                }
              ],
              "description": "threshold requires a calibrated run."
            },
            "RankedLabel": {
              "type": "object",
              "properties": {
                "id": {"type": "string"},
                "score": {"type": "number"},
                "probability": {"type": "number", "minimum": 0, "maximum": 1}
              },
              "required": ["id", "score"],
              "additionalProperties": false
            },
            "Prediction": {
              "type": "object",
              "properties": {
                "labels": {"type": "array", "items": {"$ref": "#/components/schemas/RankedLabel"}}
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
                    "properties": {"id": {"type": "string"}, "similarity": {"type": "number"}},
                    "required": ["id", "similarity"],
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
                "isCalibrated": {"type": "boolean"},
                "hasDocuments": {"type": "boolean"}
              },
              "required": ["name", "labels", "dimension", "trainedOn", "isCalibrated", "hasDocuments"],
              "additionalProperties": false
            },
            "Health": {
              "type": "object",
              "properties": {
                "status": {"type": "string"},
                "run": {
                  "type": "string",
                  "enum": ["current", "changed"],
                  "description": "changed: the run's folder contains something else that cannot be opened; the earlier model still answers."
                }
              },
              "required": ["status", "run"],
              "additionalProperties": false
            },
            "Status": {
              "type": "object",
              "properties": {"status": {"type": "string"}},
              "required": ["status"],
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
