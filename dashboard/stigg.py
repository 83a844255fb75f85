"""The settings of the Stigg environments: which there are, their keys, and what is wrong."""

import re
from typing import Any

from environs import Env
from pydantic import SecretStr

ENVIRONMENT_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
# First parts of the desk's own addresses.
TAKEN_NAMES = {
    *("accounts", "admin", "healthz", "help", "lookup"),
    *("metrics", "operations", "readyz", "record", "static"),
}
SENDABLE = re.compile(r"[\x21-\x7e]*")  # anything else cannot go into a header
SECURE = re.compile(r"https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/\S*)?")
SENT = ("api_key", "bearer_token", "environment_id", "account_id")


def configured(env: Env) -> tuple[list[dict[str, Any]], bool, list[str]]:
    """All environments, whether they are simulated, and what is wrong, a sentence each."""
    names: list[str] = env.list("STIGG_ENVIRONMENTS", [])
    faults = [*_name_faults(names)]
    environments = []
    for name, prefix in [(name, _prefix(name)) for name in names] or [("production", "STIGG_")]:
        environment = _read(env, name, prefix)
        environments.append(environment)
        faults += [f"{prefix}{fault}" for fault in _faults(environment)]
    without = [found["name"] for found in environments if not _has_credentials(found)]
    some = len(without) < len(environments)
    is_simulated = env.bool("STIGG_SIMULATOR", False) and not some  # a real key always wins
    if without and not is_simulated:
        keys = " and ".join(f"{_prefix(name) if names else 'STIGG_'}API_KEY" for name in without)
        faults.append(
            f"No Stigg key: set {keys}, or STIGG_SIMULATOR=true to try the desk without Stigg."
        )
    return environments, is_simulated, faults


def _prefix(name: str) -> str:
    return f"STIGG_{name.upper().replace('-', '_')}_"


def _has_credentials(environment: dict[str, Any]) -> bool:
    return bool(environment["api_key"] or environment["bearer_token"])


def _name_faults(names: list[str]) -> list[str]:
    odd = [name for name in names if not ENVIRONMENT_NAME.fullmatch(name)]
    taken = [name for name in dict.fromkeys(names) if name in TAKEN_NAMES or names.count(name) > 1]
    return [
        *(
            f"STIGG_ENVIRONMENTS: {name!r} must be lower-case letters, digits and '-', "
            "a letter first."
            for name in odd
        ),
        *(
            f"STIGG_ENVIRONMENTS: {name} is named twice, or is an address of the desk. "
            "Choose another name."
            for name in taken
        ),
    ]


def _read(env: Env, name: str, prefix: str) -> dict[str, Any]:
    """One environment; its variables start with `prefix`, such as `STIGG_STAGING_`."""
    return {
        "name": name,
        "url": env.str(f"{prefix}API_URL", "https://api.stigg.io"),
        "api_key": SecretStr(env.str(f"{prefix}API_KEY", "")),
        "bearer_token": SecretStr(env.str(f"{prefix}BEARER_TOKEN", "")),
        "environment_id": env.str(f"{prefix}ENVIRONMENT_ID", ""),
        "account_id": env.str(f"{prefix}ACCOUNT_ID", ""),
        "label": env.str(f"{prefix}LABEL", name.replace("-", " ").capitalize()),
        "live": env.bool(f"{prefix}LIVE", name == "production"),
        "prefix": prefix,
    }


def _faults(environment: dict[str, Any]) -> list[str]:
    """What is wrong with one environment. Never quotes a key."""
    found = []
    if environment["api_key"] and environment["bearer_token"]:
        found.append("API_KEY and BEARER_TOKEN are both set: keep one.")
    if environment["bearer_token"] and not environment["environment_id"]:
        found.append("ENVIRONMENT_ID must be set beside BEARER_TOKEN.")
    if not SECURE.fullmatch(environment["url"]):
        found.append("API_URL must start with https:// (http:// only for this machine).")
    return found + [
        f"{name.upper()} holds spaces or unprintable characters."
        for name in SENT
        if not SENDABLE.fullmatch(_text(environment[name]))
    ]


def _text(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
