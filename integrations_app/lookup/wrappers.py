"""Take an address out of the one that a mail filter or a chat has put around it. No I/O.

Some (Mimecast, newer ones of others) carry a mark that only their server understands.
"""

import base64
import re
import string
from urllib.parse import unquote

from integrations_app.vendors.vendor import Address

# The host, the beginning of the path, and the parameter that holds the address.
_BY_PARAMETER = tuple(
    (re.compile(host), path, names)
    for host, path, names in (
        (r"[a-z0-9-]+\.safelinks\.protection\.(?:outlook\.com|office365\.us)", "/", ("url",)),
        (r"statics\.teams\.cdn\.office\.net", "/evergreen-assets/safelinks/", ("url",)),
        (r"urldefense\.(?:proofpoint\.)?com", "/v1/url", ("u",)),
        (r"(?:www\.)?google\.(?:com?\.)?[a-z]{2,3}", "/url", ("q", "url")),
        (r"slack-redir\.net", "/link", ("url",)),
        (r"linkprotect\.cudasvc\.com", "/url", ("a",)),  # Barracuda
        (r"protect2\.fireeye\.com", "/v1/url", ("u",)),
        (r"(?:www\.)?linkedin\.com", "/safety/go", ("url",)),
        (r"l\.facebook\.com", "/l.php", ("u",)),
    )
)
_PROOFPOINT = re.compile(r"urldefense\.(?:proofpoint\.)?(?:com|us)")
_THIRD = re.compile(r"/v3/__(?P<address>.+?)__;(?P<replaced>[\w-]*)!")
_CISCO = re.compile(r"/[^/]+/(?P<address>https?(?:%3A|:).+)", re.IGNORECASE)
_ADDRESS = re.compile(r"(https?:)/{1,3}(?=[^/])", re.IGNORECASE)
_RUN_LENGTHS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def inside(here: Address) -> str:
    """The http or https address inside this one; "" when there is none."""
    cisco = _CISCO.match(here.path + here.search) if here.host == "secure-web.cisco.com" else None
    inside_cisco = unquote(cisco["address"]) if cisco else ""
    found = _by_parameter(here) or _proofpoint(here) or inside_cisco
    # On the way through a path the two slashes may have become one
    return _ADDRESS.sub(r"\1//", found, count=1) if _ADDRESS.match(found) else ""


def _by_parameter(here: Address) -> str:
    for host, path, names in _BY_PARAMETER:
        if here.path.startswith(path) and host.fullmatch(here.host):
            return next((value for name, value in here.parameters if name in names), "")
    return ""


def _proofpoint(here: Address) -> str:
    """Version 2 writes - for % and _ for /, version 3 takes out what is no plain character:
    Proofpoint's own decoder, help.proofpoint.com, "URL Defense Decoder".
    """
    if not _PROOFPOINT.fullmatch(here.host):
        return ""
    if here.path == "/v2/url":
        written = dict(here.parameters).get("u", "")
        return unquote(written.translate(str.maketrans("-_", "%/")))
    third = _THIRD.match(here.path + here.search + here.hash)
    return _put_back(third["address"], third["replaced"]) if third else ""


def _put_back(address: str, replaced: str) -> str:
    """`*` stands for one character that was taken out, `**` and a letter for a run of them."""
    try:
        taken = base64.urlsafe_b64decode(replaced + "=" * (-len(replaced) % 4)).decode()
    except ValueError:
        return ""
    left = iter(taken)

    def put(mark: re.Match[str]) -> str:
        length = _RUN_LENGTHS.find(mark[1] or "") + 2 if mark[1] else 1
        return "".join(next(left, "") for _ in range(length))

    return re.sub(r"\*(?:\*([\w-]))?", put, address)
