"""How much of an ideal provider's speed does `doxa write` reach, and what does it cost in CPU and memory?

Starts a chat server with a fixed latency in a process of its own and runs `doxa write` against it over real HTTP. Ideal
is what that many connections could do if the client took no time at all: connections / latency calls a second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from chat_server import MODEL, environment  # noqa: E402
from conftest import write_fact  # noqa: E402


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--documents", type=int, nargs="+", default=[2000, 40_000])
    parser.add_argument("--no-revision", action="store_true", help="leave out the rows with revisions")
    options = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, str(TESTS / "chat_server.py"), "--latency", str(options.latency)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        table = Table(
            title=f"doxa write, {options.connections} connections, {options.latency * 1000:.0f} ms a call; "
            f"load before: {os.getloadavg()[0]:.1f}"
        )
        for column in (
            "documents",
            "calls",
            "seconds",
            "documents/s",
            "calls/s",
            "of ideal",
            "CPU ms each",
            "peak MiB",
        ):
            table.add_column(column, justify="right")
        for documents in options.documents:
            for revision in (False,) if options.no_revision else (True, False):
                table.add_row(*measured(documents, revision, port, options.connections, options.latency))
        Console(width=120).print(table)
    finally:
        server.kill()


def measured(documents: int, revision: bool, port: int, connections: int, latency: float) -> list[str]:
    """Writes a corpus in a process of its own and returns a row of the table."""
    with tempfile.TemporaryDirectory() as scratch:
        fact = write_fact(Path(scratch))
        started = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable, "-c", "from doxa.cli.main import main; main()", "write", str(fact), "--writer", MODEL,
                "-n", str(documents), "--to", f"{scratch}/corpus", "--connections", str(connections), "--json",
                *["--no-revision"] * (not revision),
            ],
            env={**os.environ, **environment(port)}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"doxa write failed with status {status}")
    found = json.loads(out)
    calls = found["usage"][0]["calls"]
    ideal = connections / latency
    return [
        f"{found['documents']:,}{'' if revision else ', no revision'}", f"{calls:,}", f"{seconds:.1f}",
        f"{documents / seconds:.0f}", f"{calls / seconds:.0f}", f"{calls / seconds / ideal:.0%}",
        f"{1000 * (usage.ru_utime + usage.ru_stime) / documents:.1f}", f"{usage.ru_maxrss / 1024:.0f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
