"""Runs commands with a time limit and reports time and memory used."""
import os
import signal
import subprocess
import tempfile
import time


class Failure(Exception):
    """A program that failed or did not finish in time: a row of the table, not an end of the comparison."""


def run(command, limit, log, cores=None, **options):
    """Runs a command and returns its output and resource usage; kills it after `limit` s.

    cores: how many processors it may use; None for all.
    """
    if cores:
        own = sorted(os.sched_getaffinity(0))[-cores:]
        options["preexec_fn"] = lambda: os.sched_setaffinity(0, own)
    with open(log, "ab") as errors, tempfile.TemporaryFile() as output:
        begun = time.time()
        process = subprocess.Popen(
            [str(c) for c in command], stdout=output, stderr=errors, start_new_session=True, **options)
        previous = signal.signal(
            signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, max(limit, 0.01))
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
            process.returncode = 0
        output.seek(0)
        text = output.read().decode()
    if status != 0:
        if time.time() - begun >= limit:
            raise Failure(f"not finished after {limit:.0f} s")
        with open(log, errors="replace") as f:
            last = [line.strip() for line in f if line.strip()][-1:] or ["no message"]
        raise Failure(f"{describe(status)}: {last[0][:200]}")
    return text, usage


def describe(status):
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def limited(threads):
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"]
    return {**os.environ, **dict.fromkeys(names, str(threads)), "PYTHONHASHSEED": "0"}


def cpu_seconds(usage):
    return usage.ru_utime + usage.ru_stime
