"""Faults and notes are kept up to a limit and counted beyond it; fields are read in the other test_manifest files."""

import pytest

from dnsd.codec.manifest_fields import FAULTS_MOST, NOTES_MOST, Findings
from dnsd.model.errors import Fault, InvalidRecord


def test_faults_are_told_once_and_not_without_end():
    findings = Findings()
    findings.raise_any()
    findings.fault(Fault("/a", "x"))
    findings.fault(Fault("/a", "x"))
    with pytest.raises(InvalidRecord) as refused:
        findings.raise_any()
    assert [fault.pointer for fault in refused.value.faults] == ["/a"]
    for number in range(FAULTS_MOST + 1):
        findings.fault(Fault(f"/b/{number}", "x"))
    with pytest.raises(InvalidRecord) as refused:
        findings.raise_any()
    assert len(refused.value.faults) == FAULTS_MOST + 1
    assert refused.value.faults[-1].reason == "2 more faults are not shown"


def test_notes_are_not_without_end():
    findings = Findings()
    for number in range(NOTES_MOST + 3):
        findings.note(str(number))
    notes = findings.all_notes()
    assert (len(notes), notes[-1]) == (NOTES_MOST + 1, "3 more notes are not shown")
