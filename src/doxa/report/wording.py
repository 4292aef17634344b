"""How a report words what it says: estimates as people read them, and the names of metrics."""

from doxa.metrics.records import TITLES
from doxa.stats.estimates import Estimate
from doxa.stats.validity import is_borderline

MANY = 10  # a mean of so many words or more needs no thousandths
LEAST_SHOWN = 0.001


def interval(estimate: Estimate | None, signed: bool = False) -> str:
    """Returns "0.52 [0.40, 0.64]", or a dash where there is nothing."""
    if estimate is None:
        return "–"
    form = "+.2f" if signed else ".2f"
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"


def auc_interval(auc: Estimate | None) -> str:
    """Returns an AUC with its interval; in three digits and called borderline where two hide on which side it is."""
    if auc is None or not is_borderline(auc):
        return interval(auc)
    return f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}], borderline"


def with_n(estimate: Estimate | None, signed: bool = False) -> str:
    """Returns "0.52 [0.40, 0.64], n 50"."""
    return interval(estimate, signed) + (f", n {estimate.n}" if estimate else "")


def metric_title(name: str) -> str:
    """Returns what a metric is called on a page, or the name itself where no metric has it."""
    return next((title for metric, title in TITLES.items() if metric == name), name)


def number(value: float) -> str:
    """Returns a count or a share: "1,234", "0.052", "<0.001"; a mean of ten or more with one decimal."""
    if isinstance(value, int):
        return f"{value:,}"
    short = f"{value:.1f}" if abs(value) >= MANY else f"{value:.3f}"
    return "<\u00a00.001" if 0 < value < LEAST_SHOWN else short


def capitalised(text: str) -> str:
    """Returns a text as the opening of a sentence; what is spelt in capitals stays so."""
    return text[:1].upper() + text[1:]
