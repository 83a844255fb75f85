"""Static files as browsers get them: named by their content, compressed once."""

import re
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import (  # type: ignore[import-untyped]
    CompressedManifestStaticFilesStorage,
)

# Comments stand on lines of their own, or at the end of one of a style sheet
_FOR_READERS = re.compile(r"^\s*(//.*|/\*.*?\*/)?\s*|\s+/\*[^*\n]*\*/$", re.MULTILINE)


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Leaves the desk's own comments and indentation out, which a first visit would pay for."""

    def _save(self, name: str, content: Any) -> str:
        if "/" not in name and name.endswith((".css", ".js")):
            content.seek(0)
            text = content.read().decode()
            content = ContentFile(_FOR_READERS.sub("", text).encode())
        return str(super()._save(name, content))
