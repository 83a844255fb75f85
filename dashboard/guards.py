"""The headers that tell a browser what to guard."""

from django.conf import settings

CONTENT_SECURITY_POLICY = "; ".join(
    f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items()
)

# No other site shares the desk's process or its files, and nothing asks for what it has no use for.
GUARDS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def without_middleware() -> dict[str, str]:
    """What Django's own middleware adds, for an answer that passes none."""
    below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    https = f"max-age={settings.SECURE_HSTS_SECONDS}{below}"
    return GUARDS | {
        "Cache-Control": "no-store",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
        **({"Strict-Transport-Security": https} if settings.SECURE_HSTS_SECONDS else {}),
    }
