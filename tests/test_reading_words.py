"""How an error in a YAML file is worded."""

from pathlib import Path

import pytest

from doxa.errors import FileError
from doxa.reading import read_yaml
from doxa.study.records import Study

BASE = "name: own\nfact: honey\ninterventions: [baseline]\n"


@pytest.mark.parametrize(
    ("more", "where", "end"),
    [
        ("limits: {likelyhood: 16}\n", "4: limits.likelyhood: ", "(given: 'likelyhood'); did you mean 'likelihood'?"),
        ("metrics: [mcq_knowlege]\n", "4: metrics.0: ", "(given: 'mcq_knowlege'); did you mean 'mcq_knowledge'?"),
        ("readouts:\n  - xyz\n", "5: readouts.0: ", "(given: 'xyz')"),
        ("limits: {rubric: 0}\n", "4: limits.rubric: ", "(given: 0)"),
    ],
)
def test_a_misspelt_word_is_named_with_what_was_meant(tmp_path: Path, more: str, where: str, end: str):
    file = tmp_path / "study.yaml"
    file.write_text(BASE + more)
    with pytest.raises(FileError) as caught:
        read_yaml(file, Study)
    assert str(caught.value).startswith(f"{file}:{where}Input should be ")
    assert str(caught.value).endswith(end)
