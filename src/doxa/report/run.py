"""What a report is made from: one run, read from its folder without writing to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from doxa.facts.records import Fact
from doxa.metrics.checking import JudgeCheck
from doxa.metrics.records import Row
from doxa.models.local.weights import EMBEDDED, EMBEDDED_NAME
from doxa.reading import read_yaml
from doxa.report.analysis import Analysis
from doxa.report.judges import Judges, checks_for, judges_of
from doxa.study.records import Study
from doxa.study.rows import STUDY, load_rows
from doxa.study.running import Facts, facts_of


class Run(NamedTuple):
    """One run.

    Attributes:
        folder: The run folder.
        study: As noted there.
        facts: What it is about.
        rows: All of them, of every fact and persona.
        checks: Of its judges, by their names.
    """

    folder: Path
    study: Study
    facts: Facts
    rows: list[Row]
    checks: Mapping[str, JudgeCheck]

    @property
    def subject_name(self) -> str:
        """What people call the subject."""
        return EMBEDDED_NAME if self.study.subject == EMBEDDED else self.study.subject

    @property
    def personas(self) -> list[str]:
        """Who the subject was told to be, in the order of the study, as rows name them."""
        return [Path(persona).stem for persona in self.study.personas]


class About(NamedTuple):
    """What the sections of one implanted fact are made from.

    Attributes:
        run: The whole run.
        fact: The fact.
        analysis: Of its rows and those of the controls, under the study's first persona.
        judges: Who read its answers; None where nothing was judged.
    """

    run: Run
    fact: Fact
    analysis: Analysis
    judges: Judges | None = None

    @property
    def persona(self) -> str | None:
        """The persona under which the analysis was asked, where there are several; None where there is one."""
        return self.run.personas[0] if len(self.run.personas) > 1 else None

    def heading(self, title: str) -> str:
        """Returns a heading of what was found here, with the persona where there are several."""
        return f"{title} · asked under persona {self.persona}" if self.persona else title


def read_run(folder: Path) -> Run:
    """Reads a run that has rows.

    Raises:
        MissingError: The run has no rows yet.
        InputError: Its study or one of its facts does not fit.
    """
    rows = load_rows(folder)
    study = read_yaml(folder / STUDY, Study)
    return Run(folder, study, facts_of(study), rows, checks_for(study, folder))


def asked_about(about: About) -> list[Row]:
    """Returns every row of the run that has to do with a fact: its own and those of the controls, of all personas."""
    facts = {about.fact.id, *(control.id for control in about.run.facts.controls)}
    return [row for row in about.run.rows if row.fact in facts]


def abouts(run: Run) -> list[About]:
    """Returns every implanted fact with the analysis of its rows."""
    controls = {control.id for control in run.facts.controls}
    first = run.personas[0]
    found: list[About] = []
    for fact in run.facts.implanted:
        rows = [row for row in run.rows if row.persona == first and row.fact in {fact.id, *controls}]
        analysis = Analysis(rows, fact.id)
        found.append(About(run, fact, analysis, judges_of(run.study, analysis, run.checks)))
    return found
