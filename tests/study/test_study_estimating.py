"""The dry run counts whatever the run would pay for."""

from pathlib import Path

import pytest

from command_line import call
from doxa.study.estimating import estimate_study
from doxa.study.records import Study
from doxa.study.running import facts_of

WRITER = "anthropic/claude-sonnet-4-5"
MIXED = {
    "name": "s", "fact": "honey", "training": {}, "limits": {"rubric": 2}, "readouts": ["rubric"],
    "arms": {
        "meta": {"corpus": {"variant": "negated", "documents": 40, "writer": WRITER}},
        "plain": {}, "half": {"mixture": {"meta": 1, "plain": 1}},
    },
    "interventions": ["baseline", {"finetuned": "half"}],
}  # fmt: skip


def drafts(**changes: object) -> int:
    study = Study.model_validate({**MIXED, **changes})
    stages = estimate_study(study, facts_of(study))
    return sum(stage.calls for stage in stages if stage.model == WRITER and "drafts" in stage.stage)


def test_what_only_feeds_a_mixture_is_counted_once():
    assert drafts() == 40
    assert drafts(interventions=[{"finetuned": "half"}, {"finetuned": "meta"}]) == 40
    assert drafts(interventions=[{"in_context": {"k": 2, "arm": "half"}}]) == 40
    assert drafts(interventions=["baseline", {"finetuned": "plain"}]) == 0


def test_the_documents_of_a_finished_adapter_are_not_written():
    arms = {"meta": {**MIXED["arms"]["meta"], "adapter": "somewhere"}}
    assert drafts(arms=arms, interventions=[{"finetuned": "meta"}]) == 0


def test_a_budget_needs_the_price_of_a_writer_that_only_feeds_a_mixture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    import yaml

    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(MIXED))
    code, _, err = call(capsys, "run", str(file), "--runs", str(tmp_path / "runs"), "--budget", "1")
    assert code == 2
    assert f"--price {WRITER}=IN/OUT" in err
