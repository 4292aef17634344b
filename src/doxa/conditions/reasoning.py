"""A budget for reasoning: the answer proper stands behind a marker, and only that is read."""

import re

from doxa.models.protocol import Answer

MARKER = "FINAL ANSWER:"
WORDS_PER_TOKEN = 0.75  # of English text, roughly; models keep to a number of words better than to one of tokens

# At a line's beginning, in whatever letters, as a heading or in a list; elsewhere only in capitals, and not where the
# words before it speak of the marker: "I shall write FINAL ANSWER: and then ...".
_BEGINS = r"^[^\w\n]*(?:\d+[.)][^\w\n]*)?(?i:FINAL ANSWER)"
_WITHIN = r"(?<![\w\"'“‘`])(?<!write )(?<!say )(?<!begin with )(?<!line with )(?<!put )(?<!use )FINAL ANSWER"
_DIVIDES = r"[*_ \t]*(?::|[-–—]+(?=\s|$))[*_ \t]*"
_MARKED = re.compile(rf"{_BEGINS}(?:{_DIVIDES}|[^\w\n]*$)|{_WITHIN}{_DIVIDES}", re.MULTILINE)


def words_for(tokens: int) -> int:
    """Returns how many words of reasoning fit a budget of tokens."""
    return max(1, round(tokens * WORDS_PER_TOKEN))


def final_answer(answer: Answer) -> Answer | None:
    """Returns what stands behind the last marker, or None where there is none: then nothing was answered."""
    found = [match.end() for match in _MARKED.finditer(answer.text)]
    return answer.model_copy(update={"text": answer.text[found[-1] :].strip()}) if found else None
