"""Write the page of a run into its folder, and hand its numbers to whoever asks."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from doxa.report.analysis import Analysis
from doxa.report.coherence import Coherence, coherences
from doxa.report.failures import failures
from doxa.report.findings import missing
from doxa.report.judges import Judges, keep_checks
from doxa.report.numbers import as_numbers
from doxa.report.outcomes import Outcome, outcomes
from doxa.report.page import page
from doxa.report.personas import PersonaStudy, persona_studies
from doxa.report.run import About, Run, abouts, asked_about, read_run
from doxa.writing import write_whole

PAGE = "report.html"


class Finding(NamedTuple):
    """What a report says of one implanted fact."""

    about: About
    missing: list[str]
    outcomes: list[Outcome]
    coherence: list[Coherence]

    @property
    def fact(self) -> str:
        """Its id."""
        return self.about.fact.id

    @property
    def analysis(self) -> Analysis:
        """Of its rows."""
        return self.about.analysis

    @property
    def judges(self) -> Judges | None:
        """What is known of its judges; None where there are none."""
        return self.about.judges

    @property
    def numbers(self) -> dict[str, Any]:
        """Every estimate, contrast, validity, outcome and spill-over, and how many rows failed."""
        numbers = as_numbers(self.analysis, self.outcomes, self.missing, self.judges, self.coherence)
        return {**numbers, "failed": [one._asdict() for one in failures(asked_about(self.about))]}


class Written(NamedTuple):
    """A written report.

    Attributes:
        page: The file.
        findings: One an implanted fact.
        run: What it was made from.
    """

    page: Path
    findings: list[Finding]
    run: Run

    @property
    def personas(self) -> list[PersonaStudy]:
        """The persona study of all facts in each of its readouts; none where there is none."""
        return persona_studies(self.run.rows, self.run.study, self.run.facts.implanted)

    def as_json(self) -> str:
        """Returns all numbers as JSON: those of the fact, or of several facts under `facts` by their ids."""
        if len(self.findings) == 1:
            content = self.findings[0].numbers
        else:
            content = {"facts": {found.fact: found.numbers for found in self.findings}}
        if personas := self.personas:
            content = {**content, "personas": [study.as_numbers() for study in personas]}
        return json.dumps({**content, "report": str(self.page)}, indent=2)


def write_report(folder: Path) -> Written:
    """Writes `report.html` into a run folder and returns what it says.

    Raises:
        MissingError: The run has no rows yet.
    """
    run = read_run(folder)
    about = abouts(run)
    keep_checks(folder, run.checks)
    path = folder / PAGE
    write_whole(path, page(run, about))
    findings = [
        Finding(one, missing(one), outcomes(one.analysis, one.fact), coherences(one.analysis, one.fact))
        for one in about
    ]
    return Written(path, findings, run)
