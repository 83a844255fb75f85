"""What the desk counts for Prometheus. Labels come from short lists; nobody's data is one.

https://prometheus.github.io/client_python/
"""

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
OTHER = "other"

REQUESTS = Histogram(
    "desk_request_seconds", "Requests, and how long they took", ["view", "status"], buckets=SECONDS
)
CALLS = Histogram(
    "desk_stigg_call_seconds",
    "Calls to Stigg, and how long they took",
    ["environment", "api", "outcome"],
    buckets=SECONDS,
)
RETRIES = Counter("desk_stigg_retries", "Calls to Stigg that were made once more", ["environment"])
COOL_DOWNS = Counter(
    "desk_cool_downs", "Times that Stigg was left alone for a while", ["environment", "api", "kind"]
)
NOT_ASKED = Counter(
    "desk_stigg_not_asked",
    "Calls to Stigg not made: cooling down, a busy desk, an account over its allowance",
    ["environment", "kind"],
)
COPIES = Counter("desk_copies_shown", "Answers that were kept ones", ["environment", "age"])
PLACES = Gauge(
    "desk_places_in_use",
    "Requests that wait on Stigg",
    ["environment"],
    multiprocess_mode="livesum",
)
LOST = Gauge(
    "desk_lost_threads",
    "Threads in calls that were given up",
    ["environment"],
    multiprocess_mode="livesum",
)
RECORDED = Counter(
    "desk_recorded",
    "What came of look-ups, sign-ins and the rest of the record",
    ["action", "outcome"],
)
NOT_RECORDED = Counter(
    "desk_not_recorded", "Events that could not be written to the record", ["environment", "action"]
)
SESSIONS = Gauge(
    "desk_sessions", "Sessions in which somebody is signed in", multiprocess_mode="livemostrecent"
)
LINKS = Counter("desk_links_shown", "Links of rows that were shown", ["vendor", "kind"])
