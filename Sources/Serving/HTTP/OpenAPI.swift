/// The service described for programs: OpenAPI 3.1.
enum OpenAPI {
  static let document = #"""
    {
      "openapi": "3.1.0",
      "info": {
        "title": "Decant",
        "version": "1",
        "description": "Ranks labels for texts. Errors are {\"error\": {\"code\", \"message\"}}. Limits are those of the default settings."
      },
      "security": [{}, {"token": []}],
      "paths": {
        "/v1/predict": {
          "post": {
            "operationId": "predict",
            "summary": "The labels of one text or several, best first",
            "requestBody": {
              "required": true,
              "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PredictRequest"}}}
            },
            "responses": {
              "200": {
                "description": "For text its labels, for texts the predictions in their order",
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
            "summary": "The documents most like a text",
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
            "summary": "Labels by a part of their name",
            "parameters": [
              {"name": "query", "in": "query", "schema": {"type": "string"}},
              {
                "name": "limit",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20}
              }
            ],
            "responses": {
              "200": {
                "description": "In their order",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/LabelList"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          },
          "post": {
            "operationId": "addLabel",
            "summary": "A new label, ranked from now on, known by its text alone",
            "requestBody": {
              "required": true,
              "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/AddLabelRequest"}}
              }
            },
            "responses": {
              "201": {
                "description": "Kept, also across a crash",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Label"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          }
        },
        "/v1/labels/{id}": {
          "get": {
            "operationId": "label",
            "summary": "A label by its name",
            "parameters": [
              {
                "name": "id",
                "in": "path",
                "required": true,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200}
              }
            ],
            "responses": {
              "200": {
                "description": "What is known of it",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Label"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          }
        },
        "/v1/feedback": {
          "get": {
            "operationId": "feedback",
            "summary": "All verdicts, a text a line, as decant train --feedback reads them",
            "responses": {
              "200": {
                "description": "One JSON object a line",
                "content": {"application/jsonl": {"schema": {"type": "string"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          },
          "post": {
            "operationId": "addFeedback",
            "summary": "Which labels of a text are right, which are wrong",
            "requestBody": {
              "required": true,
              "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/FeedbackRequest"}}
              }
            },
            "responses": {
              "201": {
                "description": "Kept, also across a crash",
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
            "summary": "What is served",
            "responses": {
              "200": {
                "description": "The run",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          }
        },
        "/healthz": {
          "get": {
            "operationId": "health",
            "summary": "Whether the process lives",
            "security": [],
            "responses": {
              "200": {
                "description": "It does",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          }
        },
        "/readyz": {
          "get": {
            "operationId": "ready",
            "summary": "Whether requests are welcome",
            "security": [],
            "responses": {
              "200": {
                "description": "They are",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
              },
              "503": {
                "description": "Starting, ending or overloaded",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}}
              },
              "default": {"$ref": "#/components/responses/Error"}
            }
          }
        },
        "/metrics": {
          "get": {
            "operationId": "metrics",
            "summary": "Counts in Prometheus' text format",
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
            "description": "Why not",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
          }
        },
        "schemas": {
          "PredictRequest": {
            "oneOf": [
              {
                "type": "object",
                "properties": {
                  "text": {"type": "string", "description": "In the words of the training documents."},
                  "k": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 1000,
                    "default": 5,
                    "description": "How many, at most."
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
                    "items": {
                      "type": "string",
                      "description": "In the words of the training documents."
                    },
                    "minItems": 1,
                    "maxItems": 256
                  },
                  "k": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 1000,
                    "default": 5,
                    "description": "How many, at most."
                  },
                  "threshold": {"type": "number", "minimum": 0, "maximum": 1}
                },
                "required": ["texts"],
                "additionalProperties": false
              }
            ],
            "description": "threshold needs a calibrated run."
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
              "text": {"type": "string", "description": "In the words of the training documents."},
              "k": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "default": 5,
                "description": "How many, at most."
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
              "id": {
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "description": "One line of at most 200 bytes."
              },
              "text": {"type": "string", "minLength": 1, "description": "What it means."}
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
                "description": "How many training documents have it; absent for a label that was added."
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
              "text": {"type": "string", "minLength": 1},
              "accepted": {"type": "array", "items": {"type": "string"}, "default": []},
              "rejected": {"type": "array", "items": {"type": "string"}, "default": []}
            },
            "required": ["text"],
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
