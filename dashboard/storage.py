"""Static files as they are served: named by their content, compressed, and the desk's own without comments."""

import re
from typing import Any

from django.core.files.base import ContentFile
from rcssmin import cssmin
from rjsmin import jsmin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = re.compile(r"desk(\.[0-9a-f]+)?\.(?P<kind>css|js)")  # as it is written, and named by its content


def minified(name: str, content: bytes) -> bytes:
    """What is served of a static file: the desk's own are for people to read, and browsers need not."""
    if ours := OURS.fullmatch(name):
        minify = cssmin if ours["kind"] == "css" else jsmin
        return str(minify(content.decode())).encode()
    return content


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # whitenoise carries no types
    def _save(self, name: str, content: Any) -> str:
        """Where Django lets a storage write a file: https://docs.djangoproject.com/en/5.2/howto/custom-file-storage/."""
        saved: str = super()._save(name, ContentFile(minified(name, b"".join(content.chunks()))))
        return saved
