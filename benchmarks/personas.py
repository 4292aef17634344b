"""How often does the persona study name the right account of a subject? Three scripted subjects over many seeds.

Prints, for each subject and number of facts, the share of seeds in which its own account was named, none was, and
another was.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from doxa.report.personas import PersonaStudy
from simulated_personas import STUDY, TAUGHT, fact, own_view, predictor, role_player, simulate

SUBJECTS = (
    ("predicts its persona", predictor, "predicts_its_persona"),
    ("keeps its own view", own_view, "keeps_its_own_view"),
    ("plays a part", role_player, "plays_a_part"),
)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--facts", type=int, nargs="+", default=[1, 2, 4])
    options = parser.parse_args()
    table = Table("subject", "facts", "items", "seeds", "told apart", "undecided", "taken for another", box=None)
    for name, subject, account in SUBJECTS:
        for count in options.facts:
            facts = [fact(f"fact{place}", "benign") for place in range(count)]
            found = Counter(
                PersonaStudy(simulate(subject, facts, seed), STUDY, facts, "judged").explanation(TAUGHT).account
                for seed in range(options.seeds)
            )
            wrong = options.seeds - found[account] - found["undecided"]
            shares = (f"{share / options.seeds:.1%}" for share in (found[account], found["undecided"], wrong))
            table.add_row(name, str(count), str(30 * count), str(options.seeds), *shares)
    Console().print(table)


if __name__ == "__main__":
    main()
