#!/usr/bin/env python3
"""The decoupled softmax loss in idiomatic PyTorch, on the data of LossBenchmark.

loss.py run THREADS REPEATS   prints its memory, loss and times (CPU, wall), one per line
loss.py ntxent REPEATS        pytorch-metric-learning's NTXentLoss with as many queries as fit in memory
loss.py report FILE           writes the report from the lines of all runs
"""
import os, platform, resource, statistics, sys, time

QUERIES, WIDTH, LABELS, POSITIVES, TEMPERATURE = 1024, 128, 60_000, 5, 0.05


def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))


def growth(body):
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = kilobytes("VmRSS:")
    value = body()
    return (kilobytes("VmHWM:") - before) * 1024, value


def print_times(name, repeats, body):
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.monotonic()
        body()
        print(name, time.process_time() - cpu, time.monotonic() - wall, flush=True)


def run(threads, repeats):
    import torch
    from torch.nn.functional import normalize, softplus

    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: normalize(torch.randn(*shape, generator=generator), dim=1)
    queries, labels = draw(QUERIES, WIDTH).requires_grad_(), draw(LABELS, WIDTH).requires_grad_()
    rows = torch.arange(QUERIES).repeat_interleave(POSITIVES)
    columns = torch.arange(QUERIES * POSITIVES) * 7919 % LABELS

    def step(queries, labels, rows, columns):
        scores = queries @ labels.T / TEMPERATURE
        positive = scores[rows, columns]
        hidden = scores.index_put((rows, columns), torch.tensor(-torch.inf))
        negative = torch.logsumexp(hidden, dim=1)
        loss = softplus(negative[rows] - positive).mean()
        torch.autograd.grad(loss, [queries, labels])
        return loss.item()

    small = torch.arange(32)
    step(queries[:32].detach().requires_grad_(), labels[:64].detach().requires_grad_(), small, small)
    memory, value = growth(lambda: step(queries, labels, rows, columns))
    print("memory", f"composite/{threads}", memory)
    print("loss", f"composite/{threads}", value)
    x, y = queries.detach(), labels.detach()

    def products():
        scores = x @ y.T
        return scores @ y, scores.T @ x

    for _ in range(repeats):
        print_times(f"composite composite/{threads}", 1,
                    lambda: step(queries, labels, rows, columns))
        print_times(f"composite-products composite/{threads}", 1, products)


def ntxent(repeats):
    """Halves the number of queries until a step fits in 8 GB; each attempt is a process."""
    for queries in (128, 64, 32, 16, 8, 4):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            try:
                ntxent_at(queries, repeats)
                sys.stdout.flush()
                os._exit(0)
            except (MemoryError, RuntimeError) as error:
                print(f"ntxent with {queries} queries: {str(error).splitlines()[0]}",
                      file=sys.stderr, flush=True)
                os._exit(1)
        if os.waitpid(child, 0)[1] == 0:
            return


def ntxent_at(queries, repeats):
    import torch
    from pytorch_metric_learning.losses import NTXentLoss
    from torch.nn.functional import normalize

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: normalize(torch.randn(*shape, generator=generator), dim=1)
    x, y = draw(queries, WIDTH).requires_grad_(), draw(LABELS, WIDTH).requires_grad_()
    own, all_labels = torch.arange(queries) * 7919 % LABELS, torch.arange(LABELS)
    loss = NTXentLoss(temperature=TEMPERATURE)

    def step():
        value = loss(x, own, ref_emb=y, ref_labels=all_labels)
        torch.autograd.grad(value, [x, y])
        return value.item()

    memory, value = growth(step)
    print("memory", f"ntxent/{queries}", memory)
    print("loss", f"ntxent/{queries}", value)
    print_times(f"ntxent ntxent/{queries}", repeats, step)


def report(path):
    import torch

    cpu, wall, other, target = {}, {}, {}, "?"
    with open(path) as lines:
        for line in lines:
            kind, name, *values = line.split()
            if kind == "target":
                target = name
            elif kind in ("memory", "loss"):
                other.setdefault((kind, name), []).append(float(values[0]))
            else:
                cpu.setdefault((kind, name), []).append(float(values[0]))
                wall.setdefault((kind, name), []).append(float(values[1]))
    with open("/proc/cpuinfo") as information:
        fields = dict(
            (part.strip() for part in line.split(":", 1)) for line in information if ":" in line)
    half = [f for f in ("avx512_bf16", "amx_bf16") if f in fields.get("flags", "").split()]
    print(f"machine   {fields.get('model name', platform.machine())}, family "
          f"{fields.get('cpu family', '?')}, model {fields.get('model', '?')}, {os.cpu_count()} processors, bfloat16 by "
          f"{' '.join(half) or 'emulation'}, {platform.platform()}")
    print(f"kernels   Decant's for {target}")
    print(f"versions  libtorch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), "
          f"Python {platform.python_version()}")
    print(f"command   Benchmarks/loss{' 3 avx2' if os.environ.get('DECANT_CPU') == 'avx2' else ''}")
    print(f"task      loss forward and backward, {QUERIES} queries, {LABELS} labels, width {WIDTH}, "
          f"{POSITIVES} positives a query")
    print(f"load      {os.getloadavg()[0]:.1f} at the end; runs of all programs take turns\n")
    median = {key: statistics.median(values) for key, values in cpu.items()}

    print("seconds a step, CPU (wall, the least); products: the loss's four, alone, by oneDNN")
    print(f"{'loss':10} {'dtype':9} {'threads':>7} {'CPU':>15} {'products':>15}"
          f" {'ratio':>7} {'of least':>8} {'of wall':>8}  libtorch's products")
    for kind, name in sorted(cpu):
        if kind != "streaming" or name.startswith("few"):
            continue
        loss, dtype, threads = name.split("/")
        own, bare = (kind, name), ("products", name)
        libtorch = median.get(("libtorch-products", name))
        print(f"{loss:10} {dtype:9} {threads:>7} {median[own]:7.3f} ({min(wall[own]):.3f})"
              f" {median[bare]:7.3f} ({min(wall[bare]):.3f}) {median[own] / median[bare]:7.3f}"
              f" {min(cpu[own]) / min(cpu[bare]):8.3f} {min(wall[own]) / min(wall[bare]):8.3f}"
              f"  {'' if libtorch is None else f'{libtorch:.3f}'}")
    print(f"wanted: at most {1.15 if target == 'avx2' else 1.05} for the first three losses, "
          "1.3 for topk\n")

    for threads in (1, 2):
        peer, own = ("composite", f"composite/{threads}"), ("streaming", f"decoupled/float32/{threads}")
        if peer in cpu and own in cpu:
            bare = ("composite-products", f"composite/{threads}")
            own_bare = ("products", own[1])
            print(f"PyTorch's composite, {threads} thread{'s'[:threads - 1]}: CPU {median[peer]:.3f} s "
                  f"(its three products alone {median[bare]:.3f}), wall at least "
                  f"{min(wall[peer]):.3f} s: {median[peer] / median[own]:.2f} times the CPU "
                  f"of Decant's {median[own]:.3f} s (its four products {median[own_bare]:.3f}), "
                  f"{min(wall[peer]) / min(wall[own]):.2f} times the wall time; wanted: 3")
    for kind, name in sorted(cpu):
        few = ("streaming", "few/" + name.split("/")[-1])
        if kind == "ntxent" and few in cpu:
            print(f"pytorch-metric-learning's NTXentLoss survives {name.split('/')[1]} queries in 8 GB: "
                  f"{median[kind, name]:.3f} s, Decant's InfoNCE {median[few]:.4f} s, "
                  f"{median[kind, name] / median[few]:.0f} times; wanted: 3")
            print("  memory", " and ".join(
                f"{statistics.median(other['memory', n]) / 1e6:.0f} MB" for n in (name, few[1])),
                "; losses", " and ".join(f"{other['loss', n][0]:.5f}" for n in (name, few[1])))
    names = ("decoupled/float32/1", "composite/1")
    memory = [statistics.median(other["memory", name]) for name in names]
    print(f"memory beyond the inputs: {memory[0] / 1e6:.0f} MB "
          f"(gradients {4e-6 * WIDTH * (QUERIES + LABELS):.0f} MB of it) against "
          f"{memory[1] / 1e6:.0f} MB, 1/{memory[1] / memory[0]:.0f}; wanted: under 1/10")
    losses = [other["loss", name][0] for name in names]
    print(f"loss: {losses[0]:.6f} and {losses[1]:.6f}")
    if abs(losses[0] - losses[1]) > 1e-5 * losses[1]:
        sys.exit("the two losses differ")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "run":
        run(int(sys.argv[2]), int(sys.argv[3]))
    elif len(sys.argv) == 3 and sys.argv[1] == "ntxent":
        ntxent(int(sys.argv[2]))
    elif len(sys.argv) == 3 and sys.argv[1] == "report":
        report(sys.argv[2])
    else:
        sys.exit(__doc__)
