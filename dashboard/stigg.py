"""The settings of the Stigg environments: which there are, their keys, and what is wrong."""

import re
from collections.abc import Iterator
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
    prefixes = {name: f"STIGG_{name.upper().replace('-', '_')}_" for name in names}
    named = prefixes or {"production": "STIGG_"}
    environments = [_read(env, name, prefix) for name, prefix in named.items()]
    faults += [f"{each['prefix']}{fault}" for each in environments for fault in _faults(each)]
    without = [e["prefix"] for e in environments if not (e["api_key"] or e["bearer_token"])]
    some = len(without) < len(environments)
    is_simulated = env.bool("STIGG_SIMULATOR", False) and not some  # a real key always wins
    if without and not is_simulated:
        keys = " and ".join(f"{prefix}API_KEY" for prefix in without)
        how = f"set {keys}, or STIGG_SIMULATOR=true to try the desk without Stigg."
        faults.append(f"No Stigg key: {how}")
    return environments, is_simulated, faults


def _name_faults(names: list[str]) -> Iterator[str]:
    for name in names:
        if not ENVIRONMENT_NAME.fullmatch(name):
            rule = "must be lower-case letters, digits and '-', a letter first."
            yield f"STIGG_ENVIRONMENTS: {name!r} {rule}"
    for name in dict.fromkeys(names):
        if name in TAKEN_NAMES or names.count(name) > 1:
            why = "is named twice, or is an address of the desk. Choose another name."
            yield f"STIGG_ENVIRONMENTS: {name} {why}"


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


def _faults(environment: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one environment. Never quotes a key."""
    if environment["api_key"] and environment["bearer_token"]:
        yield "API_KEY and BEARER_TOKEN are both set: keep one."
    if environment["bearer_token"] and not environment["environment_id"]:
        yield "ENVIRONMENT_ID must be set beside BEARER_TOKEN."
    if not SECURE.fullmatch(environment["url"]):
        yield "API_URL must start with https:// (http:// only for this machine)."
    for name in SENT:
        value = environment[name]
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not SENDABLE.fullmatch(text):
            yield f"{name.upper()} holds spaces or unprintable characters."
