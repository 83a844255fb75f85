"""Every kind of trouble with Stigg has words for an agent."""

from collections.abc import Iterator

import pytest

from integrations_app.stigg import BadRequest, RateLimited, StiggError
from integrations_app.upstream import limits
from integrations_app.upstream.problems import PROBLEMS, problem_for


def kinds(error: type[StiggError]) -> Iterator[type[StiggError]]:
    yield error
    for narrower in error.__subclasses__():
        yield from kinds(narrower)


KINDS = [*kinds(StiggError)]


def test_the_desks_own_refusal_is_one_of_them() -> None:
    assert limits.Busy in KINDS


@pytest.mark.parametrize("error", KINDS)
def test_each_says_what_happened_what_it_means_and_what_to_do(error: type[StiggError]) -> None:
    problem = problem_for(error("for the log alone"))
    assert problem.kind == error.kind
    for said in (problem.title, problem.meaning, problem.action):
        assert len(said.split()) > 2
        assert said[0].isupper()
        assert "for the log alone" not in said
    assert problem.meaning.endswith(".")
    assert problem.action.endswith(".")
    assert problem.can_retry == (problem.status in (429, 502, 503, 504))


def test_no_two_kinds_are_told_alike() -> None:
    assert len({problem.title for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_what_stigg_said_is_passed_on_where_it_explains_a_refused_question() -> None:
    assert problem_for(BadRequest(message="limit is odd")).said == "limit is odd"
    assert len(problem_for(BadRequest(message="x" * 900)).said) == 200
    assert problem_for(RateLimited(message="slow down", retry_after=7)).said == ""
    assert problem_for(RateLimited(retry_after=7)).retry_after == 7
