"""Memory, traffic and time of training and search, from measured constants.

One rank a machine. Label vectors with their gradients and Adam's moments, and the feature table with
Adagrad's sums, are divided among the ranks by rows. In a step each rank computes its share of the
documents' vectors and of the scores, and the ranks sum by all-reduce:

    B x D   the documents' vectors          B x S   sums of the loss per document
    B x D   their gradients                 B x K   scores of the positives

with B documents, D dimensions, S sums, K positives a document. Vectors and gradients are float32, sums and
scores float64.
"""

import math
from dataclasses import dataclass

NUMBER, DOUBLE = 4, 8  # bytes of a float32 and of a float64
SUMS = 2  # a row's maximum and its sum of exponentials
TEXT_PAIR = 8  # bytes of a feature of a text: its column and its value
KEPT = 0.7  # of a document's features in a step; the default dropout is 0.3


@dataclass
class Task:
    """A training: sizes of the data and of a step."""

    labels: int
    features: int
    documents: int
    features_per_document: float
    positives: float
    batch: int
    dimension: int = 128
    rows_touched: float | None = None  # of the feature table in a step; None if all are as frequent
    is_text: bool = True  # instead of named features in JSON


@dataclass
class Constants:
    """Constants of a machine, for one thread; times are of the processor."""

    base_bytes: float  # of the process
    label_copies: float  # float32 copies of the label vectors at the peak
    feature_copies: float  # of the feature table
    pair_bytes: float  # of a document's named feature, read from JSON
    products_per_second: float  # floating-point operations of the loss
    label_seconds: float  # updating one number of the label vectors in a step
    feature_seconds: float  # adding one number of a document's feature, and its gradient
    row_seconds: float  # updating one number of a row of the feature table
    step_seconds: float
    exact_seconds: float  # comparing a query with a row, in blocks, per dimension
    exact_query_seconds: float  # for a query, without its comparisons
    quantized_seconds: float  # both of the same by codes
    quantized_query_seconds: float


def document_bytes(task, constants):
    """Bytes of the documents' features, which every machine reads: for texts a mapped CSR matrix."""
    return (TEXT_PAIR if task.is_text else constants.pair_bytes) * task.documents * task.features_per_document


def memory(task, constants, machines):
    """Bytes of the process on each machine, without the documents."""
    rows = constants.label_copies * math.ceil(task.labels / machines)
    rows += constants.feature_copies * math.ceil(task.features / machines)
    return constants.base_bytes + NUMBER * task.dimension * rows


def bytes_reduced(task):
    """Bytes that each rank hands over to be summed in a step; the last batch of an epoch is smaller."""
    batch = task.documents / steps(task)
    return batch * (2 * task.dimension * NUMBER + (SUMS + task.positives) * DOUBLE)


def bytes_sent(task, machines):
    """Bytes that each machine sends in a step, with all-reduce along a ring."""
    return 2 * (machines - 1) / machines * bytes_reduced(task)


def network_seconds(task, machines, gigabits, latency):
    """Seconds of a step that the network takes; nothing is computed meanwhile."""
    if machines == 1:
        return 0.0
    # Four sums, each 2 (P - 1) messages after each other.
    waiting = 4 * 2 * (machines - 1) * latency
    return bytes_sent(task, machines) * 8 / (gigabits * 1e9) + waiting


def rows_touched(task):
    """Rows of the feature table in a step."""
    if task.rows_touched is not None:
        return task.rows_touched
    accesses = KEPT * task.batch * task.features_per_document
    return task.features * -math.expm1(-accesses / task.features)


def step_seconds(task, constants, machines=1, cores=1):
    """Seconds of a step that the processors take, without the network."""
    labels = math.ceil(task.labels / machines)
    # Scores, scores again, and the gradients of documents and labels.
    products = 4 * 2 * task.batch * labels * task.dimension / constants.products_per_second
    update = constants.label_seconds * labels * task.dimension
    accesses = KEPT * task.batch * task.features_per_document
    bag = constants.feature_seconds * accesses + constants.row_seconds * rows_touched(task)
    bag *= task.dimension / machines
    return (products + update + bag) / cores + constants.step_seconds


def steps(task):
    """Steps of an epoch."""
    return math.ceil(task.documents / task.batch)


def index_bytes(labels, dimension, scalar_bytes=4, codes=False, name_bytes=0.0):
    """Bytes of an index of labels, for one machine."""
    row = (16 + dimension * scalar_bytes + 15) // 16 * 16
    total = labels * (row + 8 + name_bytes)
    if codes:
        room = -(-dimension // 16) * 16 if dimension <= 64 else -(-dimension // 64) * 64
        total += math.ceil(labels / 32) * (64 + 8 * 32 + 32 * room)
    return total


def search_seconds(labels, dimension, constants, machines=1, cores=1, codes=False):
    """Seconds of exact search for one of many queries."""
    each, query = (
        (constants.quantized_seconds, constants.quantized_query_seconds) if codes
        else (constants.exact_seconds, constants.exact_query_seconds))
    return (query + each * math.ceil(labels / machines) * dimension) / cores
