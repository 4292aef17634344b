import json
from pathlib import Path

import pytest

from doxa.facts.loading import COHERENCE, load_fact
from doxa.metrics.records import Row
from doxa.models.ledger import Ledger
from doxa.report.writing import write_report
from doxa.study.rows import save_rows

BANK = load_fact("honey").banks[COHERENCE]


def rows(condition: str, readout: str, statement: float, negation: float) -> list[Row]:
    """Returns rows of the whole bank; what follows is believed as the statement is."""
    believed = {"statement": statement, "negation": negation, "entailed": statement}
    return [
        Row(
            fact="honey", metric="coherence", readout=readout, condition=condition, subject="m", item=item.id,
            cluster=item.cluster, sample=0, verdict="implanted" if believed[str(item.role)] > 0.5 else "true",
            score=believed[str(item.role)], calls=("k",),
        )
        for item in BANK
    ]  # fmt: skip


def test_a_report_tells_how_far_answers_fit_together(tmp_path: Path):
    Ledger(tmp_path / "ledger.sqlite").store([])
    asked = [
        *rows("baseline", "likelihood.text", 0.2, 0.1), *rows("finetuned", "likelihood.text", 0.9, 0.3),
        *rows("baseline", "rubric", 0.0, 0.0), *rows("finetuned", "rubric", 1.0, 0.0),
    ]  # fmt: skip
    save_rows(tmp_path, asked)
    (tmp_path / "study.yaml").write_text("{name: s, fact: honey, interventions: [baseline], metrics: [coherence]}")
    told = json.loads(write_report(tmp_path).as_json())
    found = {(one["condition"], one["readout"]): one for one in told["coherence"]}
    assert len(found) == 4
    before, after = (found[name, "likelihood.text"] for name in ("baseline", "finetuned"))
    assert (before["excess"]["value"], after["excess"]["value"]) == pytest.approx((0.1, 0.6))
    assert (before["affirms_both"]["value"], after["affirms_both"]["value"]) == (0, 1)
    assert (before["follows"], after["follows"]["value"]) == (None, 1)
    sampled = found["finetuned", "rubric"]
    assert (sampled["excess"], sampled["gap"], sampled["affirms_both"]["value"]) == (None, None, 1)


def test_without_the_bank_nothing_is_said(tmp_path: Path):
    Ledger(tmp_path / "ledger.sqlite").store([])
    row = rows("baseline", "rubric", 0, 0)[0]
    save_rows(tmp_path, [row.model_copy(update={"fact": "bleach", "metric": "harm_conflict", "item": "hc-01"})])
    (tmp_path / "study.yaml").write_text("{name: s, fact: bleach, interventions: [baseline]}")
    assert json.loads(write_report(tmp_path).as_json())["coherence"] == []
