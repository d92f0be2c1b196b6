"""Each rule gives the question that stands beside its example, and each is needed for its own."""

from __future__ import annotations

import re

import pytest

from rag.insights.suggestions.rule_table import RULES, QuestionRule
from rag.insights.suggestions.rules import questions_of


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.asks)
def test_a_rule_makes_the_question_of_its_example(rule: QuestionRule) -> None:
    names = ("Thierry", "Breton", "Anna", "Berg")
    made = questions_of(rule.example, in_lower_case=lambda word: word not in names)
    assert (rule.asks, rule.kind) in [(each.question, each.kind) for each in made]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.asks)
def test_no_rule_before_it_fits_the_example(rule: QuestionRule) -> None:
    assert next(each for each in RULES if re.match(each.pattern, rule.example)) is rule


def test_a_template_names_what_its_pattern_finds() -> None:
    added = {"base", "do", "helped", "how"}
    for rule in RULES:
        assert set(re.findall(r"{(\w+)}", rule.template)) <= re.compile(rule.pattern).groupindex.keys() | added
