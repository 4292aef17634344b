"""Two thousand documents under faults, killed at random moments: each once, none paid for twice, the bill exact."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from chat_server import MODEL, Server, environment, serving
from doxa.corpus.store import read_corpus
from doxa.models.costs import Price, spent
from doxa.models.hosted import provider_seed
from doxa.models.ledger import Ledger
from moon_writer import good_writer

PRICE = Price(input=3, output=15)
CONNECTIONS = 64


def write(server: Server, fact: Path, folder: Path, documents: int) -> "subprocess.Popen[str]":
    arguments = [
        "write", str(fact), "--writer", MODEL, "-n", str(documents), "--to", str(folder), "--price", "3/15",
        "--connections", str(CONNECTIONS), "--timeout", "1", "--retries", "8", "--json",
    ]  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", "from doxa.cli.main import main; main()", *arguments], env={**os.environ, **environment(server.server_port)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def stored(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder}/ledger.sqlite?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM calls").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


@pytest.mark.parametrize(("documents", "kills"), [(160, 2), pytest.param(2000, 5, marks=pytest.mark.slow)])
def test_faults_and_kills_cost_no_document_and_no_second_payment(
    documents: int, kills: int, folder_of_fact: Path, tmp_path: Path
):
    folder = tmp_path / "corpus"
    draw = random.Random(0)
    with serving(Server(reply=good_writer, latency=0.02, fault_rate=0.2, retry_after=0.1)) as server:
        moments = sorted(draw.uniform(0.05, 0.9) * 2 * documents for _ in range(kills))
        known: set[str] = set()
        again = 0
        for moment in [*moments, None]:
            asked = len(server.seen)
            run = write(server, folder_of_fact, folder, documents)
            while run.poll() is None and (moment is None or stored(folder) < moment):
                time.sleep(0.02)
            if moment is not None:
                run.send_signal(signal.SIGKILL)
            out, err = run.communicate()
            fresh = [json.dumps(body, sort_keys=True) for body in server.seen[asked:]]
            assert not known.intersection(fresh), "a call whose answer was stored is asked again"
            with sqlite3.connect(folder / "ledger.sqlite") as db:
                requests = [json.loads(row[0]) for row in db.execute("SELECT request FROM calls")]
            answered = {
                (request["messages"][0]["content"], provider_seed(request["sampling"]["seed"], request["sample"]))
                for request in requests
            }
            paid = [json.dumps(body, sort_keys=True) for body in server.paid]
            known = {
                text
                for text in paid
                if (json.loads(text)["messages"][0]["content"], json.loads(text)["seed"]) in answered
            }
            assert known or not answered
        assert run.returncode == 0, err
        again = sum(count - 1 for count in Counter(paid).values())
    _, found, _ = read_corpus(folder)
    assert len(found) == documents
    assert len({document.id for document in found}) == len({document.text for document in found}) == documents
    assert again <= kills * CONNECTIONS, "only what was under way when a run was killed is asked again"
    (usage,) = Ledger(folder / "ledger.sqlite").usage()
    assert again <= usage.lost <= kills * CONNECTIONS
    once = {json.dumps(body, sort_keys=True): body for body in server.paid}
    tokens_in = sum(len(body["messages"][0]["content"].split()) for body in once.values())
    assert (usage.calls, usage.tokens_in) == (len(once), tokens_in)
    bill = json.loads(out)["usage"][0]
    assert bill["usd"] == pytest.approx(spent(usage, PRICE))
    assert bill["usd"] == pytest.approx(PRICE.of(tokens_in, usage.tokens_out))
