"""Every setting of the desk, and the only place that reads the environment.

A variable may also come as `NAME_FILE`, the path of a file that holds the value (mounted secrets),
or from `.env`. All faults are reported at once, before anything starts.
"""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, FileAwareEnv, validate
from pydantic import SecretStr

from dashboard import checks, masking, state, stigg
from dashboard.sign_in import *  # noqa: F403 - Django reads settings from one module
from dashboard.sign_in import SIGN_IN_APPS, network, role_map

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
os.umask(0o077)  # what the desk writes holds hashes, sessions and customers' names: its own to read
directory_faults = state.own_directory(VAR)

env_file = Env().str("ENV_FILE", ".env")
unreadable: list[str] = []


class Environment(FileAwareEnv):
    """A file that cannot be read is a fault like any other, not a traceback."""

    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            unreadable.append(str(error))
            return default


env = Environment(eager=False, strip_whitespace=True)
if env_file:
    env.read_env(str(BASE_DIR / env_file), recurse=False)


# --- Stigg ----------------------------------------------------------------------------------------

STIGG_ENVIRONMENTS, STIGG_SIMULATOR, faults = stigg.configured(env)
STIGG_PROXY = env.str("STIGG_PROXY", "", validate=checks.is_proxy)
STIGG_CA_BUNDLE = env.str("STIGG_CA_BUNDLE", "", validate=checks.holds_certificates)
STALE_SECONDS = env.int("STALE_SECONDS", 600, validate=validate.Range(min=0, max=3_600))
ACCOUNT_CALLS_PER_MINUTE = env.int(
    "ACCOUNT_CALLS_PER_MINUTE", 600, validate=validate.Range(min=100, max=100_000)
)
STIGG_DEADLINE_SECONDS = env.float(
    "STIGG_DEADLINE_SECONDS", 8.0, validate=validate.Range(min=0.5, max=60)
)


# --- The server -----------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", "", validate=checks.is_long_enough)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [], subcast=checks.former_secret)
DEBUG = env.bool("DEBUG", False)
HOST = env.str("HOST", "127.0.0.1", validate=checks.is_host)
PORT = env.int("PORT", 8000, validate=validate.Range(min=1, max=65_535))
BASE_PATH = env.str("BASE_PATH", "", validate=checks.is_base_path)
FORCE_SCRIPT_NAME = BASE_PATH or None
CACHE_URL = env.str("CACHE_URL", "")
may_share = bool(CACHE_URL) and not STIGG_SIMULATOR
processors = min(os.cpu_count() or 1, 4) if may_share else 1
WORKERS = env.int("WORKERS", processors, validate=validate.Range(min=1, max=32)) or 1
THREADS = env.int("THREADS", max(32 // WORKERS, 8), validate=validate.Range(min=4, max=512))
REQUEST_SECONDS = 10  # for a request's head to arrive, and as long again for its body
DATA_UPLOAD_MAX_MEMORY_SIZE = 131_072  # bytes of a body; the desk's forms need a few hundred
METRICS_TOKEN = env.str("METRICS_TOKEN", "", validate=checks.is_long_enough)
SENTRY_DSN = env.str("SENTRY_DSN", "", validate=checks.is_dsn)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
LOG_LEVEL = env.str(
    "LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
)

# Simulated and real accounts never share a database: the demo account sees no real data.
database_file = "simulated.sqlite3" if STIGG_SIMULATOR else "desk.sqlite3"
DATABASE_URL = env.str("DATABASE_URL", "")
database, database_faults = state.database(
    DATABASE_URL, VAR / database_file, is_simulated=STIGG_SIMULATOR
)
DATABASES = {"default": database}
cache, cache_faults = state.cache(CACHE_URL)
CACHES = {"default": cache}
REPLICAS = env.int("REPLICAS", 1, validate=validate.Range(min=1))  # check --deploy reads it

# HTTPS=true: the desk stands behind a proxy that speaks HTTPS and sets X-Forwarded-Proto.
HTTPS = env.bool("HTTPS", False)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = not BASE_PATH  # a shared host may be the company's domain
    # W005 is about the line above; W021: browsers' lists take whole domains, not a desk's.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Browsers take a cookie named __Host- only for the whole host.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/" if HTTPS else f"{BASE_PATH}/"
CSRF_COOKIE_HTTPONLY = True
SESSION_ENGINE = "dashboard.sessions"
SESSION_COOKIE_AGE = 8 * 3600  # a working day; not prolonged by use
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", 120, validate=validate.Range(min=5, max=480))
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no further cookie
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", [], subcast=network)

# Sign-in: dashboard/sign_in.py has what no environment changes
REQUIRE_MFA = env.bool("REQUIRE_MFA", False)
SUPPORT_CONTACT = env.str("SUPPORT_CONTACT", "the operator of this desk")
OIDC_ISSUER = env.str("OIDC_ISSUER", "", validate=validate.Regexp(f"({stigg.SECURE.pattern})$"))
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET = SecretStr(env.str("OIDC_CLIENT_SECRET", ""))
OIDC_ALLOWED_DOMAINS: list[str] = env.list("OIDC_ALLOWED_DOMAINS", [])
OIDC_GROUPS_CLAIM = env.str("OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLE_MAP: Any = env.json("OIDC_ROLE_MAP", {}, validate=role_map)
OIDC_ONLY = env.bool("OIDC_ONLY", False)
if len({bool(value) for value in (OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET)}) > 1:
    faults.append("Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET together.")
if OIDC_ONLY and not OIDC_ISSUER:
    faults.append("OIDC_ONLY=true needs OIDC_ISSUER.")

# The record
RECORD_STRICT = env.bool("RECORD_STRICT", True)
REQUIRE_TICKET = env.bool("REQUIRE_TICKET", False)
TICKET_PATTERN = env.str("TICKET_PATTERN", ".+", validate=checks.is_pattern)

TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=checks.is_time_zone)

try:
    env.seal()
except EnvValidationError as error:
    wrong: Any = error.error_messages
    faults += [f"{name}: {checks.sentences(said)}" for name, said in wrong.items()]
faults += [*directory_faults, *database_faults, *cache_faults, *dict.fromkeys(unreadable)]
if WORKERS > 1 and not may_share:
    faults.append(
        "WORKERS: more than one need CACHE_URL, which carries the limits of sign-in for all of "
        "them. The simulator lives in one."
    )
if not SECRET_KEY and "postgres" in database["ENGINE"]:
    faults.append(
        "SECRET_KEY: set it, the same for every desk on this database. A key of its own in each "
        "would sign agents out."
    )
if faults:
    raise ImproperlyConfigured("\n".join(faults))
try:
    SECRET_KEY = SECRET_KEY or state.kept_secret(VAR / "secret-key")
except OSError as error:
    raise ImproperlyConfigured(f"SECRET_KEY: none can be kept: {error}.") from None
passwords = [METRICS_TOKEN, SENTRY_DSN, str(database.get("PASSWORD") or "")]
masking.hide(SECRET_KEY, *SECRET_KEY_FALLBACKS, *passwords)


# --- Django ---------------------------------------------------------------------------------------

ROOT_URLCONF = "dashboard.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "integrations_app.access.apps.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    *SIGN_IN_APPS,
    "dashboard.deployment.Deployment",
    "integrations_app",
]
MIDDLEWARE = [
    "dashboard.request_ids.middleware",
    "dashboard.access_log.middleware",
    "dashboard.middleware.headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Its random padding, and masked CSRF tokens, keep secrets unguessable.
    "django.middleware.gzip.GZipMiddleware",
    "dashboard.middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.middleware.SignInRequired",
    "dashboard.middleware.Admin",
    "integrations_app.access.second_factor.Required",
    "integrations_app.own.preferences.OwnTimeZone",
    "integrations_app.access.guard.Guard",
]
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "integrations_app.access.rules.context",
    "integrations_app.own.preferences.context",
    "dashboard.request_ids.context",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "environment": "integrations_app.templating.jinja_environment",
            "context_processors": CONTEXT_PROCESSORS,
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",  # for admin
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name, "OPTIONS": options}
    for name, options in [
        ("django.contrib.auth.password_validation.UserAttributeSimilarityValidator", {}),
        ("django.contrib.auth.password_validation.MinimumLengthValidator", {"min_length": 12}),
        ("django.contrib.auth.password_validation.CommonPasswordValidator", {}),
        ("dashboard.passwords.NoWordsOfTheDesk", {}),
    ]
]
CSRF_FAILURE_VIEW = "dashboard.errors.csrf_failure"
DEFAULT_EXCEPTION_REPORTER = "dashboard.masking.Reporter"

# https://docs.djangoproject.com/en/6.0/ref/csp/: the name and the shape of Django 6's own setting.
# `data:` is for the icon in the page's head, which saves each first visit a request.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}

STATIC_URL = f"{BASE_PATH}/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard.static_files.Storage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

USE_I18N = False
LANGUAGE_CODE = "en"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "dashboard.logs.Formatter",
            "fmt": "{asctime} {levelname} {name} {request_id} {message}",
            "style": "{",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        }
    },
    "filters": {"request_id": {"()": "dashboard.logs.Filter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"django": {"handlers": [], "propagate": True}, "urllib3": {"level": "WARNING"}},
}
if SENTRY_DSN:
    LOGGING["handlers"]["sentry"] = {
        "class": "dashboard.sentry.Handler",
        "dsn": SENTRY_DSN,
        "filters": ["request_id"],
    }
    LOGGING["root"]["handlers"].append("sentry")
