"""`doxa judges check`: how well judges read answers."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from doxa.metrics.checking import JudgeCheck
    from doxa.metrics.gold import Trait
    from doxa.metrics.quality import Quality
    from doxa.metrics.records import Verdict
    from doxa.stats.estimates import Estimate


@click.group("judges")
def command() -> None:
    """Check how well judges read answers, on a gold set."""


@command.command("check")
@click.option("--judge", "judges", metavar="MODEL", multiple=True, required=True,
              help="Who judges: any model name that `doxa run` knows; can be repeated.")  # fmt: skip
@click.option("--samples", type=click.IntRange(min=0), default=3, show_default=True,
              help="Further judgements of each answer, at a temperature, for self-consistency.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def check(judges: tuple[str, ...], samples: int, as_json: bool) -> None:
    """Have judges read a gold set of labelled answers, in both orders of the worlds.

    What they said is kept in the folder `judges`, where `doxa report` finds it and corrects rates for a judge's
    errors. No call is made twice; calls that failed are made again by the same command.
    """
    import json
    from contextlib import closing
    from itertools import combinations

    from doxa.cli.display import RichProgress
    from doxa.errors import InputError
    from doxa.locking import alone
    from doxa.metrics.checking import CHECKS, check_judge, save_check
    from doxa.metrics.gold import load_gold
    from doxa.metrics.quality import agreement, quality
    from doxa.models.costs import Wallet
    from doxa.models.ledger import LEDGER, Ledger
    from doxa.models.opening import open_recorded
    from doxa.progress import Silent

    if len(set(judges)) < len(judges):
        raise InputError("--judge: a model is named twice")
    gold = load_gold()
    progress = Silent() if as_json else RichProgress()
    with closing(Ledger(CHECKS / LEDGER)) as ledger, alone(CHECKS):
        checks: list[JudgeCheck] = []
        for name in judges:
            judge = open_recorded(name, ledger, Wallet(ledger, {}))
            checks.append(check_judge(name, judge, gold, samples, progress))
            save_check(CHECKS, checks[-1])
    found = {one.judge: quality(one) for one in checks}
    pairs = [(one.judge, other.judge, agreement(one, other)) for one, other in combinations(checks, 2)]
    if as_json:
        shown = [{"judge": name, **one.model_dump()} for name, one in found.items()]
        between = [{"judges": [one, other], "kappa": kappa and kappa.model_dump()} for one, other, kappa in pairs]
        click.echo(json.dumps({"judges": shown, "agreement": between}, indent=2))
    else:
        _show(found, pairs)


def _show(found: "dict[str, Quality]", pairs: "list[tuple[str, str, Estimate | None]]") -> None:
    from rich.console import Console
    from rich.table import Table

    from doxa.report.tables import interval

    console = Console()
    table = Table("", *found, box=None, title="Judges on the gold set [95 % interval]", title_justify="left")
    rows = {
        "verdicts as expected": "accuracy",
        "kappa with the expected ones": "kappa",
        "same verdict in both orders": "swap_consistency",
        "names the world shown first": "first_world",
        "agrees with itself, drawn again": "self_consistency",
        "sensitivity (implanted)": "sensitivity",
        "specificity (implanted)": "specificity",
    }
    for title, field in rows.items():
        table.add_row(title, *(interval(getattr(one, field)) for one in found.values()))
    traits: list[Trait] = list(dict.fromkeys(trait for one in found.values() for trait in one.by_trait))
    for trait in traits:
        table.add_row(f"as expected: {trait}", *(interval(one.by_trait.get(trait)) for one in found.values()))
    console.print(table)
    for name, one in found.items():
        _show_confusion(name, one, console)
    for one, other, kappa in pairs:
        console.print(f"\n{one} and {other}: kappa {interval(kappa)}", markup=False)
    for name, one in found.items():
        if one.failed:
            console.print(f"{name}: {one.failed} calls failed and count neither way; run it again", markup=False)


def _show_confusion(name: str, found: "Quality", console: "Console") -> None:
    from rich.table import Table

    given: list[Verdict] = list(dict.fromkeys(verdict for counts in found.confusion.values() for verdict in counts))
    table = Table("expected", *given, box=None, title=f"\n{name}: verdicts given", title_justify="left")
    for expected, counts in found.confusion.items():
        table.add_row(expected, *(str(counts.get(verdict, 0) or "") for verdict in given))
    console.print(table)
