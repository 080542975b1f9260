extension OpenAPI {
  /// The schemas of the interfaces of OpenAI, text-embeddings-inference and Annif.
  static func compatibleSchemas(_ settings: ServiceConfiguration) -> String {
    let texts = settings.maximumEmbeddings
    let most = settings.maximumLabels
    return #"""
      "Texts": {
        "oneOf": [
          {"$ref": "#/components/schemas/Text"},
          {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Text"},
            "minItems": 1,
            "maxItems": \#(texts)
          }
        ],
        "description": "A text or several; token ids mean nothing to this model."
      },
      "Numbers": {"type": "array", "items": {"type": "number"}},
      "Vectors": {"type": "array", "items": {"$ref": "#/components/schemas/Numbers"}},
      "Dimensions": {
        "type": ["integer", "null"],
        "minimum": 1,
        "description": "How many of the first dimensions to keep; at most those of the model."
      },
      "EmbeddingsRequest": {
        "type": "object",
        "properties": {
          "input": {"$ref": "#/components/schemas/Texts"},
          "model": {"type": ["string", "null"], "description": "The name of a run (default: the first)."},
          "encoding_format": {
            "enum": ["float", "base64", null],
            "default": "float",
            "description": "base64: 32-bit floating-point numbers, little-endian."
          },
          "dimensions": {"$ref": "#/components/schemas/Dimensions"},
          "user": {"description": "Ignored."}
        },
        "required": ["input"],
        "additionalProperties": false
      },
      "Embeddings": {
        "type": "object",
        "properties": {
          "object": {"const": "list"},
          "data": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "object": {"const": "embedding"},
                "index": {"type": "integer"},
                "embedding": {
                  "oneOf": [{"$ref": "#/components/schemas/Numbers"}, {"type": "string"}],
                  "description": "Of length 1."
                }
              },
              "required": ["object", "index", "embedding"],
              "additionalProperties": false
            }
          },
          "model": {"type": "string"},
          "usage": {
            "type": "object",
            "properties": {
              "prompt_tokens": {"type": "integer", "description": "Words, separated by white space."},
              "total_tokens": {"type": "integer"}
            },
            "required": ["prompt_tokens", "total_tokens"],
            "additionalProperties": false
          }
        },
        "required": ["object", "data", "model", "usage"],
        "additionalProperties": false
      },
      "ServedModel": {
        "type": "object",
        "properties": {
          "id": {"type": "string"},
          "object": {"const": "model"},
          "created": {"type": "integer"},
          "owned_by": {"type": "string"}
        },
        "required": ["id", "object", "created", "owned_by"],
        "additionalProperties": false
      },
      "Models": {
        "type": "object",
        "properties": {
          "object": {"const": "list"},
          "data": {"type": "array", "items": {"$ref": "#/components/schemas/ServedModel"}}
        },
        "required": ["object", "data"],
        "additionalProperties": false
      },
      "OpenAIError": {
        "type": "object",
        "properties": {
          "error": {
            "type": "object",
            "properties": {
              "message": {"type": "string"},
              "type": {"type": "string"},
              "param": {"type": ["string", "null"]},
              "code": {"type": "string"}
            },
            "required": ["message", "type", "param", "code"],
            "additionalProperties": false
          }
        },
        "required": ["error"],
        "additionalProperties": false
      },
      "Truncate": {
        "type": ["boolean", "null"],
        "description": "false refuses a text that the model would cut."
      },
      "Direction": {"enum": ["Right", "right", null], "default": "Right"},
      "EmbedRequest": {
        "type": "object",
        "properties": {
          "inputs": {"$ref": "#/components/schemas/Texts"},
          "normalize": {"type": ["boolean", "null"], "default": true},
          "dimensions": {"$ref": "#/components/schemas/Dimensions"},
          "truncate": {"$ref": "#/components/schemas/Truncate"},
          "truncation_direction": {"$ref": "#/components/schemas/Direction"},
          "prompt_name": {"type": "null", "description": "A run has no prompts."}
        },
        "required": ["inputs"],
        "additionalProperties": false
      },
      "RerankRequest": {
        "type": "object",
        "properties": {
          "query": {"$ref": "#/components/schemas/Text"},
          "texts": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Text"},
            "minItems": 1,
            "maxItems": \#(texts - 1)
          },
          "raw_scores": {
            "type": ["boolean", "null"],
            "default": false,
            "description": "true: the cosine c of the embeddings of the query and a text, from -1 to 1; false: (1 + c) / 2."
          },
          "return_text": {"type": ["boolean", "null"], "default": false},
          "truncate": {"$ref": "#/components/schemas/Truncate"},
          "truncation_direction": {"$ref": "#/components/schemas/Direction"}
        },
        "required": ["query", "texts"],
        "additionalProperties": false
      },
      "RerankedTexts": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "index": {"type": "integer"},
            "text": {"type": "string"},
            "score": {"type": "number"}
          },
          "required": ["index", "score"],
          "additionalProperties": false
        },
        "description": "Best first."
      },
      "SimilarityRequest": {
        "type": "object",
        "properties": {
          "inputs": {
            "type": "object",
            "properties": {
              "source_sentence": {"$ref": "#/components/schemas/Text"},
              "sentences": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Text"},
                "minItems": 1,
                "maxItems": \#(texts - 1)
              }
            },
            "required": ["source_sentence", "sentences"],
            "additionalProperties": false
          },
          "parameters": {
            "type": ["object", "null"],
            "properties": {
              "truncate": {"$ref": "#/components/schemas/Truncate"},
              "truncation_direction": {"$ref": "#/components/schemas/Direction"},
              "prompt_name": {"type": "null"}
            }
          }
        },
        "required": ["inputs"],
        "additionalProperties": false
      },
      "InferenceInfo": {
        "type": "object",
        "properties": {
          "model_id": {"type": "string"},
          "served_model_name": {"type": "string"},
          "model_dtype": {"type": "string"},
          "model_type": {"type": "object"},
          "max_concurrent_requests": {"type": "integer"},
          "max_input_length": {"type": "integer"},
          "max_batch_tokens": {"type": "integer"},
          "max_client_batch_size": {"type": "integer"},
          "auto_truncate": {"type": "boolean"},
          "tokenization_workers": {"type": "integer"},
          "version": {"type": "string"}
        },
        "required": ["model_id", "model_type", "max_client_batch_size", "version"],
        "additionalProperties": false
      },
      "InferenceError": {
        "type": "object",
        "properties": {
          "error": {"type": "string"},
          "error_type": {"enum": ["Backend", "Empty", "Overloaded", "Validation"]}
        },
        "required": ["error", "error_type"],
        "additionalProperties": false
      },
      "AnnifService": {
        "type": "object",
        "properties": {"title": {"type": "string"}, "version": {"type": "string"}},
        "required": ["title", "version"],
        "additionalProperties": false
      },
      "AnnifVocabulary": {
        "type": "object",
        "properties": {
          "vocab_id": {"type": "string"},
          "languages": {"type": "array", "items": {"type": "string"}},
          "size": {"type": "integer"},
          "loaded": {"type": "boolean"}
        },
        "required": ["vocab_id", "languages", "size", "loaded"],
        "additionalProperties": false
      },
      "AnnifVocabularies": {
        "type": "object",
        "properties": {
          "vocabs": {"type": "array", "items": {"$ref": "#/components/schemas/AnnifVocabulary"}}
        },
        "required": ["vocabs"],
        "additionalProperties": false
      },
      "AnnifProject": {
        "type": "object",
        "properties": {
          "project_id": {"type": "string"},
          "name": {"type": "string"},
          "language": {"type": "string"},
          "backend": {
            "type": "object",
            "properties": {"backend_id": {"type": "string"}},
            "required": ["backend_id"],
            "additionalProperties": false
          },
          "vocab": {"$ref": "#/components/schemas/AnnifVocabulary"},
          "vocab_language": {"type": "string"},
          "is_trained": {"type": "boolean"},
          "modification_time": {"type": "string", "format": "date-time"}
        },
        "required": ["project_id", "name", "language", "backend"],
        "additionalProperties": false
      },
      "AnnifProjects": {
        "type": "object",
        "properties": {
          "projects": {"type": "array", "items": {"$ref": "#/components/schemas/AnnifProject"}}
        },
        "required": ["projects"],
        "additionalProperties": false
      },
      "AnnifText": {
        "type": "object",
        "properties": {
          "text": {"$ref": "#/components/schemas/Text"},
          "limit": {"type": "integer", "minimum": 0, "maximum": \#(most), "default": 10},
          "threshold": {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
          "language": {"type": "string", "enum": ["und"]}
        },
        "required": ["text"],
        "patternProperties": {"^metadata_": {"type": "string", "description": "Ignored."}},
        "additionalProperties": false
      },
      "AnnifSuggestions": {
        "type": "object",
        "properties": {
          "results": {"type": "array", "items": {"$ref": "#/components/schemas/AnnifSuggestion"}}
        },
        "required": ["results"],
        "additionalProperties": false
      },
      "AnnifSuggestion": {
        "type": "object",
        "properties": {
          "uri": {"type": "string"},
          "label": {"type": "string"},
          "notation": {"type": "null"},
          "score": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "The probability; without a calibration exp(s - b) for the score s and that of the best label, b."
          }
        },
        "required": ["uri", "label", "notation", "score"],
        "additionalProperties": false
      },
      "AnnifBatch": {
        "type": "object",
        "properties": {
          "documents": {
            "type": "array",
            "maxItems": \#(settings.maximumTexts),
            "items": {
              "type": "object",
              "properties": {
                "text": {"$ref": "#/components/schemas/Text"},
                "document_id": {"type": ["string", "null"]}
              },
              "required": ["text"]
            }
          }
        },
        "required": ["documents"]
      },
      "AnnifBatchSuggestions": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "document_id": {"type": ["string", "null"]},
            "results": {"type": "array", "items": {"$ref": "#/components/schemas/AnnifSuggestion"}}
          },
          "required": ["document_id", "results"],
          "additionalProperties": false
        }
      },
      "AnnifDocuments": {
        "type": "array",
        "items": {
          "type": "object",
          "properties": {
            "text": {
              "type": "string",
              "minLength": 1,
              "maxLength": \#(settings.maximumFeedbackText),
              "pattern": "\\S",
              "not": {"pattern": "\\u0000"}
            },
            "subjects": {
              "type": "array",
              "minItems": 1,
              "maxItems": \#(most),
              "items": {
                "type": "object",
                "properties": {"uri": {"$ref": "#/components/schemas/LabelName"}},
                "required": ["uri"]
              }
            }
          },
          "required": ["text", "subjects"]
        }
      },
      "Problem": {
        "type": "object",
        "properties": {
          "type": {"type": "string"},
          "title": {"type": "string"},
          "status": {"type": "integer"},
          "detail": {"type": "string"}
        },
        "required": ["type", "title", "status", "detail"],
        "additionalProperties": false
      }
      """#
  }
}
