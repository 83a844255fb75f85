"""A judge of answers that knows the published contract alone.

Apart from its tests, which read this module when they run: openapi-core takes seconds to load.
"""

from pathlib import Path
from typing import Any

import requests
import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_core.validation.request.exceptions import RequestValidationError
from openapi_core.validation.response.exceptions import ResponseValidationError

__all__ = ["RequestValidationError", "ResponseValidationError", "judge", "vendors"]

# The YAML block of docs.stigg.io "Get a list of customer integrations"
PUBLISHED = Path(__file__).parent / "contract/published.yaml"


def published() -> dict[str, Any]:
    """The published document with one patch.

    As published it refuses two answers that it means to allow: a price-group `syncData` matches two
    branches of its `oneOf`, and null matches none, because OpenAPI 3.0 reads `nullable` only beside
    a `type`. So `oneOf` becomes `anyOf` with a branch for null.
    """
    document: dict[str, Any] = yaml.safe_load(PUBLISHED.read_text())
    listed = document["components"]["schemas"]["CustomerIntegrationListResponseDto"]["properties"][
        "data"
    ]
    sync_data = listed["items"]["properties"]["syncData"]
    sync_data["anyOf"] = [
        *sync_data.pop("oneOf"),
        {"type": "object", "nullable": True, "enum": [None]},
    ]
    return document


def vendors() -> list[str]:
    (operation,) = (path["get"] for path in published()["paths"].values())
    (listed,) = (
        one["schema"] for one in operation["parameters"] if one["name"] == "vendorIdentifier"
    )
    return list(listed["items"]["enum"])


CONTRACT = OpenAPI.from_dict(published())


class AtStigg(RequestsOpenAPIRequest):
    """The request as if it had gone to the server that the document names."""

    @property
    def host_url(self) -> str:
        return "https://api.stigg.io"


def judge(response: requests.Response) -> None:
    request = AtStigg(response.request)
    CONTRACT.validate_request(request)
    CONTRACT.validate_response(request, RequestsOpenAPIResponse(response))
