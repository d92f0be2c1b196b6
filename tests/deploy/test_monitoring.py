"""The alert rules fire when they should and not before, and name nothing that the program does not give."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rag.app import Measurements
from rag.metrics import Metrics
from rag.store.base import Health
from tests.support.places import ROOT
from web.api.exposition import exposition

FOLDER = ROOT / "deploy" / "monitoring"
RULES = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
BOARD = json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))
ALERTS = re.findall(r"- alert: (\w+)", RULES)
# Of Prometheus itself.
GIVEN = {"up"}
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool; on Debian: apt-get install prometheus")
LABELS = {"job": "citewell", "instance": "qa:443"}


@dataclass(frozen=True)
class Case:
    """Series, a value a minute, with which a rule fires after some minutes, and with which it does not.

    Values are written as promtool wants them: "0+2x60" is 0, 2, 4 ... for 60 minutes.
    """

    fires: dict[str, str]
    quiet: dict[str, str]
    minutes: int
    labels: dict[str, str]  # of the alert, besides the severity
    severity: str = "warning"


HERE, ALL = {"instance": LABELS["instance"]}, LABELS
CASES = {
    "CitewellDown": Case({"up": "0x10"}, {"up": "1x10"}, 5, ALL, "critical"),
    "CitewellNotReady": Case({"citewell_ready": "0x10"}, {"citewell_ready": "0 1x10"}, 5, ALL, "critical"),
    "CitewellProblem": Case(
        {'citewell_problem{name="disk"}': "1x20"},
        {'citewell_problem{name="disk"}': "0x20", 'citewell_problem{name="index"}': "1x20"},
        10,
        ALL | {"name": "disk"},
    ),
    "CitewellDegraded": Case({"citewell_degraded": "1x60"}, {"citewell_degraded": "1x20 0x40"}, 45, ALL),
    # A GB an hour of 40 GB; one that frees as much as it takes.
    "CitewellDiskFilling": Case(
        {"citewell_disk_free_bytes": "40000000000-16000000x500"},
        {"citewell_disk_free_bytes": "40000000000+0x500"},
        480,
        ALL,
    ),
    "CitewellServerErrors": Case(
        {'citewell_http_responses_total{status="5xx"}': "0+1x30"},
        {
            'citewell_http_responses_total{status="5xx"}': "0x29 1",
            'citewell_http_responses_total{status="4xx"}': "0+9x30",
        },
        20,
        HERE,
        "critical",
    ),
    "CitewellQuestionsRefused": Case(
        {'citewell_refusals_total{reason="question_line"}': "0+2x30"},
        {'citewell_refusals_total{reason="question_rate"}': "0+9x30"},
        20,
        HERE,
    ),
    "CitewellAnswersSlow": Case(
        {
            'citewell_question_seconds_bucket{le="2.5"}': "0+1x40",
            'citewell_question_seconds_bucket{le="5.0"}': "0+9x40",
            'citewell_question_seconds_bucket{le="+Inf"}': "0+9x40",
        },
        {
            'citewell_question_seconds_bucket{le="0.1"}': "0+9x40",
            'citewell_question_seconds_bucket{le="+Inf"}': "0+9x40",
        },
        30,
        HERE,
    ),
    "CitewellLongLine": Case(
        {
            'citewell_question_wait_seconds_bucket{le="2.5"}': "0+1x40",
            'citewell_question_wait_seconds_bucket{le="5.0"}': "0+9x40",
            'citewell_question_wait_seconds_bucket{le="+Inf"}': "0+9x40",
        },
        {
            'citewell_question_wait_seconds_bucket{le="0.1"}': "0+9x40",
            'citewell_question_wait_seconds_bucket{le="+Inf"}': "0+9x40",
        },
        30,
        HERE,
    ),
    "CitewellKeysGuessed": Case(
        {"citewell_wrong_credentials_total": "0+6x30"}, {"citewell_wrong_credentials_total": "0+1x30"}, 20, ALL
    ),
    "CitewellReadingStopped": Case(
        {'citewell_sandbox_files_total{result="time"}': "0 1 2 3 4 5x80"},
        {'citewell_sandbox_files_total{result="refused"}': "0+5x80"},
        60,
        HERE,
    ),
    "CitewellSandboxWeak": Case(
        {"citewell_sandbox_missing_protections": "1x20"}, {"citewell_sandbox_missing_protections": "0x20"}, 10, ALL
    ),
    "CitewellProcessesDie": Case(
        {"citewell_process_starts_total": "2 3 4 5 6x80"},
        {"citewell_process_starts_total": "2x80"},
        60,
        ALL,
        "critical",
    ),
    "CitewellMaintenanceWrong": Case(
        {"citewell_maintenance_failed_steps": "0 1x10"},
        {"citewell_maintenance_failed_steps": "0x10"},
        5,
        ALL,
        "critical",
    ),
    # Time begins in 1970 in these tests. It never ran: whoever has no timer is not told of it for ever.
    "CitewellMaintenanceLate": Case(
        {"citewell_maintenance_timestamp_seconds": "60x3000"},
        {"citewell_maintenance_timestamp_seconds": "0x3000"},
        2_900,
        ALL,
    ),
    "CitewellFindsNothing": Case(
        {
            'citewell_questions_total{outcome="not_found"}': "0+9x400",
            'citewell_questions_total{outcome="answered"}': "0+1x400",
        },
        {
            'citewell_questions_total{outcome="not_found"}': "0+5x400",
            'citewell_questions_total{outcome="answered"}': "0+5x400",
        },
        380,
        HERE,
        "info",
    ),
}


def given() -> dict[str, list[dict[str, str]]]:
    """The labels of all samples that the program gives, by name."""
    measured = Measurements(1, 2, 3, 4, 5, 6, degraded=False, sessions=0, maintained=None, missing_protections=0)
    text = exposition(Metrics(), measured, Health(True, False, "ready", 1, 2, 3, "model"), "1.0")
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


def expressions_of_rules() -> list[str]:
    return re.findall(r"expr: (?:>-\s)?(.*?)\n        (?:for|labels):", RULES, re.DOTALL)


def expressions_of_board() -> list[str]:
    return [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])]


@pytest.mark.parametrize("expressions", [expressions_of_rules(), expressions_of_board()], ids=["rules", "board"])
def test_every_metric_that_is_named_is_given_with_these_values_of_its_label(expressions: list[str]) -> None:
    names, wrong = given(), []
    for expression in expressions:
        for name, matchers in re.findall(r"\b(citewell_\w+)(?:\{([^}]*)\})?", expression):
            labels = [(label, value) for label, value in re.findall(r'(\w+)=~?"([^"$]*)"', matchers) if label != "job"]
            for label, values in labels or [("", "")]:
                for value in values.split("|"):
                    found = [sample for sample in names.get(name, []) if not label or sample.get(label) == value]
                    wrong += [] if found else [(name, label, value)]
    assert wrong == []
    assert len(expressions) > 10


def test_every_rule_has_a_case() -> None:
    assert list(CASES) == ALERTS
    assert len(expressions_of_rules()) == len(ALERTS)


def promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROMTOOL or "", *arguments], cwd=folder, capture_output=True, text=True, timeout=200)


def cases_file(folder: Path, cases: dict[str, Case]) -> str:
    """A file for `promtool test rules`: each rule with the series it fires for, and with those it does not."""

    def series_of(values: dict[str, str]) -> list[dict[str, str]]:
        common = ",".join(f'{name}="{value}"' for name, value in LABELS.items())
        named = ((name, name.partition("{")) for name in values)
        return [
            {"series": f"{head}{{{common}{',' + rest[:-1] if brace else ''}}}", "values": values[name]}
            for name, (head, brace, rest) in named
        ]

    tests = []
    for alert, case in cases.items():
        expected = {"exp_labels": {**case.labels, "severity": case.severity}}
        for values, alerts in ((case.fires, [expected]), (case.quiet, [])):
            wanted = {"eval_time": f"{case.minutes}m", "alertname": alert, "exp_alerts": alerts}
            tests.append(
                {"name": alert, "interval": "1m", "input_series": series_of(values), "alert_rule_test": [wanted]}
            )
    # The words for people are theirs to change: what is tested are the expressions.
    rules = re.sub(r"\n        annotations:(?:\n          .*)+", "", RULES)
    (folder / "rules.yml").write_text(rules, encoding="utf-8")
    (folder / "cases.yml").write_text(
        json.dumps({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}), encoding="utf-8"
    )
    return "cases.yml"


@needs_promtool
def test_prometheus_takes_the_rules() -> None:
    checked = promtool(FOLDER, "check", "rules", "alerts.yml")
    assert checked.returncode == 0, checked.stderr
    assert f"{len(ALERTS)} rules found" in checked.stdout


@needs_promtool
def test_each_rule_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    tested = promtool(tmp_path, "test", "rules", cases_file(tmp_path, CASES))
    assert tested.returncode == 0, tested.stdout + tested.stderr


@needs_promtool
@pytest.mark.parametrize("alert", CASES)
def test_that_a_rule_does_not_fire_would_be_seen(alert: str, tmp_path: Path) -> None:
    """The series that are quiet in place of those that fire fail the test of the rule."""
    broken = replace(CASES[alert], fires=CASES[alert].quiet)
    tested = promtool(tmp_path, "test", "rules", cases_file(tmp_path, {alert: broken}))
    assert tested.returncode != 0
