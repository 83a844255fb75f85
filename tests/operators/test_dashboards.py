"""The dashboard and the alerts of docs/deploy: whatever they name is in /metrics."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from dashboard.metrics import written
from integrations_app import metrics
from integrations_app.audit.events import Action
from integrations_app.upstream.problems import PROBLEMS
from tests.desks import ROOT

FILES = ROOT / "docs/deploy"
GROUPS = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = json.loads((FILES / "grafana.json").read_text())["panels"]
EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]
# What Prometheus adds itself
OF_PROMETHEUS = {"up": {"job", "instance"}}
VALUES = {
    "outcome": {"answered", "fault", *PROBLEMS},
    "kind": {*PROBLEMS},
    "action": {*Action.values},
    "api": {"rest", "graphql"},
    "job": {"desk"},
    "status": {"500", "5.."},
}
SELECTED = re.compile(r"\b(desk_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)=~?"([^"]*)"')


@pytest.fixture(scope="module")
def given() -> Iterator[Mapping[str, set[str]]]:
    """Each name that /metrics gives, with its labels: all have been counted once."""
    counters = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    with_labels = [each for each in counters if each._labelnames]
    for counter in with_labels:
        counter.labels(*counter._labelnames)
    found = dict(OF_PROMETHEUS)
    for family in text_string_to_metric_families(written().decode()):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, set()) | sample.labels.keys()
    yield found
    for counter in with_labels:
        counter.remove(*counter._labelnames)


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS)
def test_every_metric_and_label_exists(
    given: Mapping[str, set[str]], name: str, expression: str
) -> None:
    selected = SELECTED.findall(expression)
    assert selected, name
    for metric, matchers in selected:
        assert metric in given
        for label, values in MATCHER.findall(matchers):
            assert label in given[metric]
            assert set(values.split("|")) <= VALUES[label]
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        everywhere = set.intersection(*(given[metric] for metric, _ in selected))
        assert set(labels.split(", ")) <= everywhere


def test_there_are_ten_alerts_and_each_says_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names)) == 10
    for rule in RULES:
        assert rule["annotations"].keys() == {"summary", "description"}
        told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        kept = {"instance"} if "up{" in rule["expr"] else set(_by(rule["expr"]))
        assert told <= kept


def _by(expression: str) -> list[str]:
    """The labels that an expression keeps."""
    found = re.search(r"\bby \(([^)]*)\)", expression)
    return found[1].split(", ") if found else []


def test_every_metric_of_the_desk_has_a_panel() -> None:
    shown = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    counted: list[Any] = [
        each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)
    ]
    assert [each._name for each in counted if each._name not in shown] == []
    places = [tuple(panel["gridPos"].values()) for panel in PANELS]
    assert len(set(places)) == len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_prometheus_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed: only names and labels are checked")
    subprocess.run([promtool, "check", "rules", str(FILES / "alerts.yaml")], check=True)
