"""The virtual environments of the peers: one for each set of packages that fit together."""
import json
import pathlib
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent

# Name -> (requirements file, size on disk).
REQUIREMENTS = {
    "peers": ("requirements.txt", "5 GB with torch"),
    "annif": ("requirements-annif.txt", "2 GB with tensorflow"),
    "encoder": ("requirements-encoder.txt", "5 GB with torch"),
}


def folders(base):
    """Name -> folder; the first is `base`, the others are next to it."""
    return {name: base if name == "peers" else base.with_name(f"{base.name}-{name}")
            for name in REQUIREMENTS}


def interpreters(base):
    return {name: str(path / "bin/python") for name, path in folders(base).items()}


def install(base, name, python):
    """The interpreter of an environment; makes it and installs its packages once."""
    path = folders(base)[name]
    requirements, size = REQUIREMENTS[name]
    wanted = (here / requirements).read_text()
    interpreter, mark = path / "bin/python", path / "installed"
    if mark.exists() and mark.read_text() == wanted:
        return str(interpreter)
    print(f"installing {requirements} into {path} (a few minutes, {size})", file=sys.stderr, flush=True)
    if not interpreter.exists():
        made = subprocess.run([python, "-m", "venv", str(path)])
        if made.returncode != 0:
            sys.exit("peers: cannot create a virtual environment; apt-get install python3-venv")
    done = subprocess.run([interpreter, "-m", "pip", "install", "-q", "-r", here / requirements])
    if done.returncode != 0:
        sys.exit("peers: pip could not install the peers. Their wheels are for Python 3.11: give "
                 "one with --python. To compile one: apt-get install g++ cmake "
                 "python3-dev libopenblas-dev rustc cargo")
    mark.write_text(wanted)
    return str(interpreter)


def versions(base, name):
    """Package -> installed version, of the pinned packages of an environment."""
    lines = (here / REQUIREMENTS[name][0]).read_text().split("\n")
    names = [line.split("==")[0].split("[")[0] for line in lines if "==" in line]
    script = ("import importlib.metadata as m, json, sys; "
              "print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))")
    done = subprocess.run([interpreters(base)[name], "-c", script, *names],
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {}
