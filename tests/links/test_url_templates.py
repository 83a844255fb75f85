"""A template's host is its own: no template that is accepted, and no value, can leave it."""

import pytest
from ada_url import URL
from hypothesis import example, given
from hypothesis import strategies as st

from integrations_app.links.judge import judge
from integrations_app.links.url_templates import PLACEHOLDERS, check_template, fill
from integrations_app.vendors import vendor_for

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
ROW = {"synced_entity_id": "cus_1", "customer_id": "acme|1", "billing_id": None}
ACCEPTED = [
    "https://a.example/{synced_entity_id}",
    "https://a.example:8443/x/{customer_id}/view",
    "https://a.example/x?id={billing_id}&c={customer_id}",
    "https://a.example?id={customer_id}",
    "https://a.example#{customer_id}",
    "https://a.example/{customer_id}{customer_id}",
    "https://a.example/.{customer_id}",
    "https://a.example/{customer_id}.",
    "https://a.example/a%2Fb/{customer_id}",
    "https://a.example/x.{customer_id}..y",
    "https://a.example/" + "a" * 969 + "{customer_id}",
]


@pytest.mark.parametrize("template", ACCEPTED)
def test_it_accepts_a_sound_template(template: str) -> None:
    assert check_template(template) == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "Write an address"),
        (" ", "Write an address"),
        ("http://a.example/{customer_id}", "Start the address with https://"),
        ("HTTPS://a.example/{customer_id}", "Start the address with https://"),
        ("javascript:alert({customer_id})", "Start the address with https://"),
        ("//a.example/{customer_id}", "Start the address with https://"),
        ("{customer_id}://a.example/", "Start the address with https://"),
        ("https{customer_id}://a.example/", "Start the address with https://"),
        ("https://{customer_id}/", "Write the host out in full"),
        ("https://{customer_id}.a.example/", "Write the host out in full"),
        ("https://a.example{customer_id}", "Write the host out in full"),
        ("https://a.example{customer_id}/x", "Write the host out in full"),
        ("https://a.example:{customer_id}/x", "Write the host out in full"),
        ("https://a.example:4{customer_id}/x", "Write the host out in full"),
        ("https://{customer_id}@a.example/", "Write the host out in full"),
        ("https://a.example/", "Add a placeholder"),
        ("https://a.example/{}", "Use braces only"),
        ("https://a.example/{email}/{customer_id}", "Use braces only"),
        ("https://a.example/{Customer_id}/{customer_id}", "Use braces only"),
        ("https://a.example/{ customer_id }", "no blanks"),
        ("https://a.example/{customer_id", "Use braces only"),
        ("https://a.example/customer_id}", "Use braces only"),
        ("https://a.example/{{customer_id}}", "Use braces only"),
        ("https://a.example/{customer_id!r}", "Use braces only"),
        ("https://a.example/{customer_id.__class__}", "Use braces only"),
        ("https://a.example/{0}{customer_id}", "Use braces only"),
        ("https://user@a.example/{customer_id}", "before an @ sign"),
        ("https://user:pw@a.example/{customer_id}", "before an @ sign"),
        ("https:///a.example/{customer_id}", "malformed"),
        ("https:///{customer_id}", "malformed"),
        ("https://a.example:99999/{customer_id}", "malformed"),
        ("https://a..example/{customer_id}", "malformed"),
        ("https://a;b.example/{customer_id}", "malformed"),
        ("https://%61.example/{customer_id}", "hides where it leads"),
        ("https://0x7f.1/{customer_id}", "hides where it leads"),
        ("https://a.example\\{customer_id}", "no blanks, accents or backslashes"),
        ("https:\\\\a.example/{customer_id}", "no blanks, accents or backslashes"),
        ("https://bücher.example/{customer_id}", "no blanks, accents or backslashes"),
        ("https://a.example/\t{customer_id}", "no blanks, accents or backslashes"),
        ("https://a.example/\x00{customer_id}", "no blanks, accents or backslashes"),
        ("https://a.example/\ud800{customer_id}", "no blanks, accents or backslashes"),
        (" https://a.example/{customer_id}", "no blanks, accents or backslashes"),
        ("https://a.example/../{customer_id}", "Remove the . or .. part"),
        ("https://a.example/x/..?id={customer_id}", "Remove the . or .. part"),
        ("https://a.example/%2e%2E/{customer_id}", "Remove the . or .. part"),
        ("https://a.example/.%2e/{customer_id}", "Remove the . or .. part"),
        ("https://a.example/./{customer_id}", "Remove the . or .. part"),
        ("https://a.example/%{customer_id}", "Follow each %"),
        ("https://a.example/%2{customer_id}", "Follow each %"),
        ("https://a.example/" + "a" * 970 + "{customer_id}", "1000 characters"),
        ("https://a.example/{customer_id}" + "a" * 4096, "1000 characters"),
    ],
)
def test_it_refuses_a_template_and_says_why(template: str, words: str) -> None:
    assert words in " ".join(check_template(template))
    assert fill(template, dict.fromkeys(PLACEHOLDERS, "x")) is None


def test_it_names_several_problems_at_once() -> None:
    assert len(check_template("http://a.example/../{email}")) == 4


def test_it_fills_and_encodes_each_value_with_nothing_safe() -> None:
    template = "https://a.example/{synced_entity_id}?c={customer_id}#{customer_id}"
    assert fill(template, ROW) == "https://a.example/cus_1?c=acme%7C1#acme%7C1"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("%2e%2e", "%252e%252e"),
        ("a?b#c", "a%3Fb%23c"),
        ("auth0|65f", "auth0%7C65f"),
        ("a b", "a%20b"),
        ("a\\b", "a%5Cb"),
        ("@evil.example", "%40evil.example"),
        ("{billing_id}", "%7Bbilling_id%7D"),
        ("é\n", "%C3%A9%0A"),
        ("...", "..."),
        ("\\1", "%5C1"),
    ],
)
def test_it_keeps_a_value_inside_its_place(value: str | None, encoded: str) -> None:
    assert (
        fill("https://a.example/{customer_id}/view", {"customer_id": value})
        == f"https://a.example/{encoded}/view"
    )


@pytest.mark.parametrize("value", [None, "", " ", "\n", ".", "..", "\ud800"])
def test_it_builds_nothing_from_a_value_that_is_missing_or_climbs(value: str | None) -> None:
    assert fill("https://a.example/{customer_id}", {"customer_id": value}) is None


def test_it_builds_nothing_when_one_of_two_values_is_missing() -> None:
    assert fill("https://a.example/{customer_id}/{billing_id}", ROW) is None
    assert fill("https://a.example/{customer_id}", {}) is None


def test_it_asks_only_for_the_values_that_the_template_names() -> None:
    assert fill("https://a.example/{customer_id}", ROW) == "https://a.example/acme%7C1"


def test_it_builds_nothing_longer_than_a_link_may_be() -> None:
    assert fill("https://a.example/{customer_id}", {"customer_id": "é" * 1000}) is None


def test_the_host_holds_even_if_a_bad_template_slips_through_the_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("integrations_app.links.url_templates.check_template", lambda _: [])
    assert fill("https://{customer_id}/", {"customer_id": "evil.example"}) is None
    assert fill("https://a.example{customer_id}/", {"customer_id": ".evil.example"}) is None


@given(ANY_TEXT, st.dictionaries(st.sampled_from(PLACEHOLDERS), st.none() | ANY_TEXT))
def test_no_text_makes_it_raise(template: str, values: dict[str, str | None]) -> None:
    check_template(template)
    assert fill(template, values) is None or not check_template(template)


PARTS = st.sampled_from(
    [
        "{customer_id}",
        "{billing_id}",
        "/",
        ".",
        "..",
        "%",
        "%2e",
        "2e",
        "?",
        "#",
        "@",
        ":",
        "\\",
        "a",
        "&x=",
        ";",
        "//",
    ]
)
TEMPLATES = st.lists(PARTS, min_size=1, max_size=10).map(
    lambda parts: "https://a.example" + "".join(parts)
)
VALUES = (
    st.sampled_from(["e", "2e", "%2e", ".", "..", "/", "@evil.example", "\\", ":443@evil", "x"])
    | ANY_TEXT
)


@given(st.sampled_from(ACCEPTED) | TEMPLATES, VALUES, VALUES)
@example("https://a.example/%{customer_id}{billing_id}", "2e", "2e")
@example("https://a.example/.{customer_id}", ".", "x")
def test_whatever_it_builds_stays_on_the_templates_host_and_in_its_folder(
    template: str, first: str, second: str
) -> None:
    address = fill(
        template, {"customer_id": first, "billing_id": second, "synced_entity_id": first}
    )
    if address is None:
        return
    opened, meant = URL(address), URL(template.replace("{", "").replace("}", ""))
    assert opened.origin == meant.origin
    assert (opened.username, opened.password) == ("", "")
    assert opened.pathname.count("/") == meant.pathname.count("/")
    assert judge(address, vendor_for("ACME"), ["a.example"]).kind in ("verified", "unfamiliar")


@pytest.mark.parametrize("altered", ["cus_\ufffd", "x" * 256, "x" * 999 + "…"])
def test_it_builds_no_link_from_an_id_that_is_not_what_stigg_sent(altered: str) -> None:
    assert fill("https://a.example/{synced_entity_id}", {"synced_entity_id": altered}) is None
