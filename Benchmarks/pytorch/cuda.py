#!/usr/bin/env python3
"""The parts of Benchmarks/cuda that need PyTorch.

cuda.py loss DEVICE DTYPE QUERIES LABELS WIDTH REPEATS   times of the decoupled softmax: its bare
      products, a composition, and the same through torch.compile; lines of JSON
cuda.py data FOLDER DOCUMENTS LABELS                     a data set of the shape of LF-AmazonTitles-1.3M
cuda.py checkpoint FOLDER BLOCKS WIDTH                   a random encoder of MiniLM's shape
cuda.py report FILE                                      the page from the lines of a run
"""
import json, os, random, struct, sys, time

TEMPERATURE, POSITIVES = 0.05, 5


def report_time(name, **values):
    print(json.dumps({"name": name, **values}), flush=True)


def fastest(device, repeats, body):
    import torch

    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    value = body()
    wait()
    best = float("inf")
    for _ in range(repeats):
        begun = time.monotonic()
        value = body()
        wait()
        best = min(best, time.monotonic() - begun)
    return best, value


def loss(device, dtype, queries, labels, width, repeats):
    import torch
    from torch.nn.functional import normalize, softplus

    device = torch.device(device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    report_time("machine", device=name, torch=torch.__version__, dtype=dtype,
                sizes=[queries, labels, width])
    generator = torch.Generator().manual_seed(0)

    def draw(count):
        vectors = normalize(torch.randn(count, width, generator=generator), dim=1)
        return vectors.to(device, getattr(torch, dtype)).requires_grad_()

    q, l = draw(queries), draw(labels)
    rows = torch.arange(queries, device=device).repeat_interleave(POSITIVES)
    columns = torch.arange(queries * POSITIVES, device=device) * 7919 % labels
    hidden_score = torch.tensor(-torch.inf, device=device, dtype=q.dtype)

    def composite(q, l):
        scores = q @ l.T / TEMPERATURE
        positive = scores[rows, columns].float()
        hidden = scores.index_put((rows, columns), hidden_score)
        negative = torch.logsumexp(hidden.float(), dim=1)
        return softplus(negative[rows] - positive).mean()

    def step(function):
        value = function(q, l)
        torch.autograd.grad(value, [q, l])
        return value.item()

    def products():
        with torch.no_grad():
            scores = q @ l.T
            return (scores @ l, scores.T @ q)

    seconds, _ = fastest(device, repeats, products)
    report_time("products", seconds=seconds)
    for title, function in [("composite", composite), ("torch.compile", torch.compile(composite))]:
        try:
            seconds, value = fastest(device, repeats, lambda: step(function))
            report_time(title, seconds=seconds, loss=value)
        except Exception as error:  # out of memory, or no compiler for torch.compile
            report_time(title, failure=str(error).strip().splitlines()[-1][:200])
            if device.type == "cuda":
                torch.cuda.empty_cache()


def data(folder, documents, labels):
    """Titles of about nine words; a label has two specific words, and a document those of its labels."""
    os.makedirs(folder, exist_ok=True)
    draw = random.Random(0)

    def title(of):
        words = [f"w{label % 30000} v{label // 30000}" for label in of]
        return " ".join(words + [f"w{draw.randrange(30000)}" for _ in range(3)])

    with open(f"{folder}/labels.jsonl", "w") as file:
        for label in range(labels):
            file.write(f'{{"id":"l{label}","text":"{title([label])}"}}\n')
    with open(f"{folder}/documents.jsonl", "w") as texts, \
            open(f"{folder}/train.jsonl", "w") as train, open(f"{folder}/test.jsonl", "w") as test:
        for document in range(documents):
            # Every label occurs where there are enough documents.
            own = [document % labels] + [draw.randrange(labels) for _ in range(4)]
            texts.write(f'{{"id":"d{document}","text":"{title(own[:2])}"}}\n')
            names = ",".join(f'"l{label}"' for label in sorted(set(own)))
            part = test if document % 20 == 19 else train
            part.write(f'{{"id":"d{document}","labels":[{names}]}}\n')


def checkpoint(folder, blocks, width):
    """A random BERT encoder: MiniLM-L6 has 6 blocks of width 384."""
    import numpy

    os.makedirs(folder, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"w{i}" for i in range(30000)] + [f"v{i}" for i in range(64)]
    hidden = 4 * width
    with open(f"{folder}/config.json", "w") as file:
        json.dump({"model_type": "bert", "hidden_size": width, "num_hidden_layers": blocks,
                   "num_attention_heads": max(1, width // 32), "intermediate_size": hidden,
                   "max_position_embeddings": 512, "type_vocab_size": 2, "vocab_size": len(words),
                   "hidden_act": "gelu", "layer_norm_eps": 1e-12,
                   "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}, file)
    with open(f"{folder}/vocab.txt", "w") as file:
        file.write("\n".join(words) + "\n")
    with open(f"{folder}/tokenizer_config.json", "w") as file:
        json.dump({"do_lower_case": True}, file)
    shapes = {"embeddings.word_embeddings.weight": (len(words), width),
              "embeddings.position_embeddings.weight": (512, width),
              "embeddings.token_type_embeddings.weight": (2, width)}

    def linear(name, inputs, outputs):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def norm(name):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    norm("embeddings.LayerNorm")
    for block in range(blocks):
        name = f"encoder.layer.{block}"
        for part in ["attention.self.query", "attention.self.key", "attention.self.value",
                     "attention.output.dense"]:
            linear(f"{name}.{part}", width, width)
        norm(f"{name}.attention.output.LayerNorm")
        linear(f"{name}.intermediate.dense", width, hidden)
        linear(f"{name}.output.dense", hidden, width)
        norm(f"{name}.output.LayerNorm")
    draw, header, end = numpy.random.default_rng(0), {}, 0
    for name, shape in shapes.items():
        size = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            is_scale = "LayerNorm.weight" in name
            values = numpy.ones(shape) if is_scale else 0.02 * draw.standard_normal(shape)
            file.write(values.astype("<f4").tobytes())


def report(path):
    with open(path) as file:
        lines = [json.loads(line) for line in file if line.startswith("{")]
    found = {line["name"]: line for line in lines}
    machine, products = found["machine"], found["products"]["seconds"]
    queries, labels, width = machine["sizes"]
    print(f"# {machine['device']}, PyTorch {machine['torch']}\n")
    print("Command: `Benchmarks/cuda`. The fastest of the repeats, without the first.\n")
    print(f"A step of the decoupled softmax, forward and backward: {queries:,} queries × {labels:,} "
          f"labels × {width} in {machine['dtype']}. The bare products are the three of a step that "
          "keeps its scores.\n")
    print("| what | seconds | products over time | loss |\n|---|---|---|---|")
    for name in ["products", "decant products", "decant", "composite", "torch.compile"]:
        line = found.get(name)
        if line is None:
            print(f"| {name} | not measured | | |")
        elif "failure" in line:
            print(f"| {name} | failed: {line['failure']} | | |")
        else:
            shown = f"{line['loss']:.4f}" if "loss" in line and "products" not in name else ""
            seconds = line["seconds"]
            print(f"| {name} | {seconds:.4f} | {100 * products / seconds:.0f} % | {shown} |")
    epoch = found.get("epoch")
    if epoch:
        print(f"\nAn epoch of synthetic data of the shape of LF-AmazonTitles-1.3M "
              f"({epoch['documents']:,} documents, {epoch['labels']:,} labels) with a random encoder "
              f"of MiniLM's shape, trained with it: {epoch['seconds']:.1f} s of training, "
              f"{epoch['wall']:.1f} s with reading and storing.")


if __name__ == "__main__":
    command, arguments = (sys.argv + ["", ""])[1], sys.argv[2:]
    if command == "loss":
        loss(*arguments[:2], *map(int, arguments[2:]))
    elif command == "data":
        data(arguments[0], *map(int, arguments[1:]))
    elif command == "checkpoint":
        checkpoint(arguments[0], *map(int, arguments[1:]))
    elif command == "report":
        report(arguments[0])
    else:
        sys.exit(__doc__)
