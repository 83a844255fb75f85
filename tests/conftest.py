"""What the tests share: the desk against one simulated Stigg, and a signed-in agent."""

from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from integrations_app import environments, simulator, sync
from integrations_app.resilience import MAX_RETRIES_SAVED


@pytest.fixture
def stigg() -> Iterator[simulator.Simulator]:
    """The simulated Stigg that the desk talks to; its faults and remembered requests end with the test."""
    running = environments._simulator()
    forget(running)
    yield running
    forget(running)


def forget(running: simulator.Simulator) -> None:
    running.clear()
    cache.clear()
    sync.forget()
    for environment in environments.configured().values():
        environment.upstream.rest.succeeded()
        environment.upstream.graphql.succeeded()
        environment.upstream.budget.saved = MAX_RETRIES_SAVED


@pytest.fixture
def agent(db: None, stigg: simulator.Simulator) -> Client:
    """A signed-in browser without JavaScript."""
    client = Client()
    client.force_login(get_user_model().objects.create_user("mara", password="a long enough one"))
    return client
