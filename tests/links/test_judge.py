"""What may be opened, judged on a corpus of known bypasses and on generated text."""

from urllib.parse import quote

import pytest
from ada_url import URL
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.links.judge import MAX_LENGTH, Link, is_domain, judge, mode_warning
from integrations_app.vendors import known_vendors, vendor_for
from integrations_app.vendors.vendor import Mode, Vendor

VENDORS = known_vendors()
STRIPE = VENDORS["STRIPE"]
GOOD = "https://dashboard.stripe.com/customers/cus_1"
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)

VERIFIED = {
    "the plain link": GOOD,
    "test mode": "https://dashboard.stripe.com/test/customers/cus_1",
    "the bare domain": "https://dashboard.stripe.com",
    "a host below": "https://a.b.dashboard.stripe.com/",
    "upper-case host": "https://Dashboard.STRIPE.com/x",
    "the default port": "https://dashboard.stripe.com:443/x",
    "an @ in the path": "https://dashboard.stripe.com/customers?email=a@b.example",
    "another address in the query": "https://dashboard.stripe.com/x?next=https://evil.example/",
    "percent signs in the path": "https://dashboard.stripe.com/a%2Fb%00",
    "dots that climb inside the host": "https://dashboard.stripe.com/a/../../../b",
    "the longest": "https://dashboard.stripe.com/" + "a" * (MAX_LENGTH - 29),
}
UNFAMILIAR = {
    # the vendor's, but anybody may publish there
    "somebody's payment page": "https://buy.stripe.com/x",
    "somebody's invoice": "https://invoice.stripe.com/i/acct_1/x",
    "the vendor's own front page": "https://stripe.com/",
    # well-formed, and somebody else's or not certain
    "plain http": "http://dashboard.stripe.com/x",
    "plain http, port": "http://dashboard.stripe.com:443/x",
    "suffix trick": "https://dashboard.stripe.com.evil.example/",
    "prefix trick": "https://evilstripe.com/",
    "hyphen trick": "https://dashboard-stripe.com/",
    "another top level": "https://stripe.co/",
    "one letter short": "https://tripe.com/",
    "vendor in the path": "https://evil.example/dashboard.stripe.com",
    "vendor in the query": "https://evil.example?dashboard.stripe.com",
    "vendor in the fragment": "https://evil.example#dashboard.stripe.com",
    "trailing dot": "https://dashboard.stripe.com./x",
    "odd port": "https://dashboard.stripe.com:8443/x",
    "default port padded": "https://dashboard.stripe.com:0443/x",
    "port of http": "https://dashboard.stripe.com:80/x",
    "scheme in capitals": "HTTPS://dashboard.stripe.com/x",
    "scheme in mixed case": "hTtPs://dashboard.stripe.com/x",
    "IPv4": "https://127.0.0.1/",
    "cloud metadata": "http://169.254.169.254/latest",
    "IPv6": "https://[::1]/",
    "IPv6 with port": "https://[2001:db8::1]:8443/",
    "single label": "https://localhost/",
    "top level only": "https://com/",
    "underscore": "https://a_b.evil.example/",
    "punycode look-alike": "https://xn--strip-3we.com/",
    "broken punycode": "https://xn--a.example/",
    # international names that read back as written
    "Cyrillic e": "https://dashboard.strip\u0435.com/",
    "Greek omicron": "https://str\u03bfpe.com/",
    "Turkish dotless i": "https://str\u0131pe.com/",
    "an honest international name": "https://bücher.example/",
    "capital umlaut": "https://BÜCHER.example/",
    "sharp s": "https://faß.example/",
    "Chinese host": "https://例子.example/",
    "non-ASCII path on the vendor's host": "https://dashboard.stripe.com/kundé",
    "non-ASCII query on the vendor's host": "https://dashboard.stripe.com/?q=日本",
    "division slash": "https://dashboard.stripe.com\u2044evil.example/",
    "Kelvin sign": "https://\u212aey.example/",
}
REFUSED = {
    # other schemes
    "javascript": "javascript:alert(1)",
    "javascript in mixed case": "JaVaScRiPt:alert(1)",
    "tab inside the scheme": "java\tscript:alert(1)",
    "newline inside the scheme": "java\nscript:alert(1)",
    "control before javascript": "\x01javascript:alert(1)",
    "javascript that looks like an address": "javascript://stripe.com/%0aalert(1)",
    "entity-coded colon": "javascript&colon;alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "vbscript": "vbscript:msgbox(1)",
    "file": "file:///etc/passwd",
    "blob": "blob:https://dashboard.stripe.com/1",
    "intent": "intent://dashboard.stripe.com/#Intent;scheme=https;end",
    "view-source": "view-source:https://dashboard.stripe.com/",
    "mail": "mailto:a@stripe.com",
    "ftp": "ftp://dashboard.stripe.com/",
    "web socket": "wss://dashboard.stripe.com/",
    "scheme twice": "https:https://dashboard.stripe.com/",
    "long s in the scheme": "http\u017f://dashboard.stripe.com/",
    # malformed or ambiguous starts
    "scheme-relative": "//evil.example",
    "no slashes": "https:evil.example",
    "no slashes, vendor": "https:dashboard.stripe.com",
    "one slash": "https:/dashboard.stripe.com/x",
    "two backslashes": "https:\\\\evil.example",
    "mixed slashes": "https:/\\evil.example",
    "three slashes": "https:///evil.example",
    "many slashes": "https://////dashboard.stripe.com",
    "four slashes": "https:////evil.example",
    "path only": "/customers/cus_1",
    "backslash path": "\\\\evil.example\\x",
    "host only": "dashboard.stripe.com/customers",
    "no host": "https://",
    "empty host before a path": "https:///",
    "query for a host": "https://?stripe.com",
    "fragment for a host": "https://#stripe.com",
    "words": "n/a",
    "markup": '"><img src=x onerror=alert(1)>',
    "template code": "{{7*7}}",
    # userinfo
    "userinfo": "https://dashboard.stripe.com@evil.example",
    "userinfo before the vendor": "https://evil.example@dashboard.stripe.com/",
    "userinfo with a port look": "https://dashboard.stripe.com:443@evil.example",
    "name and password": "https://user:secret@dashboard.stripe.com/",
    "empty userinfo": "https://@dashboard.stripe.com/",
    "empty name and password": "https://:@dashboard.stripe.com/",
    "two at signs": "https://a@b@dashboard.stripe.com/",
    "percent-encoded slash": "https://dashboard.stripe.com%2f@evil.example",
    "percent-encoded question mark": "https://dashboard.stripe.com%3f@evil.example",
    "percent-encoded hash": "https://dashboard.stripe.com%23@evil.example",
    "percent-encoded at": "https://dashboard.stripe.com%40evil.example",
    "at after a hash": "https://dashboard.stripe.com#@evil.example",
    "at after a question mark": "https://dashboard.stripe.com?@evil.example",
    "backslash before at": "https://evil.example\\@dashboard.stripe.com/",
    "backslash after the vendor": "https://dashboard.stripe.com\\@evil.example",
    "backslash and dot": "https://dashboard.stripe.com\\.evil.example",
    "backslash in the path": "https://dashboard.stripe.com/a\\b",
    # hosts
    "port too high": "https://dashboard.stripe.com:99999/",
    "port in words": "https://dashboard.stripe.com:https/",
    "negative port": "https://dashboard.stripe.com:-1/",
    "empty port": "https://dashboard.stripe.com:/",
    "two ports": "https://dashboard.stripe.com:443:443/",
    "hex IP": "https://0x7f.1/",
    "hex IP in one": "https://0x7f000001/",
    "octal IP": "https://0177.0.0.1/",
    "decimal IP": "https://2130706433/",
    "short IP": "https://127.1/",
    "IP out of range": "https://256.256.256.256/",
    "IPv6 with IPv4 inside": "https://[::ffff:127.0.0.1]/",
    "IPv6 zone": "https://[fe80::1%25eth0]/",
    "IPv6 not closed": "https://[::1/",
    "vendor in brackets": "https://[dashboard.stripe.com]/",
    "percent-encoded letter": "https://%65vil.example/",
    "percent-encoded vendor": "https://dashboard.%73tripe.com/",
    "percent-encoded dot": "https://dashboard.stripe%2ecom/",
    "percent-encoded NUL in the host": "https://dashboard.stripe.com%00.evil.example/",
    "double-encoded": "https://dashboard.stripe%252ecom/",
    "semicolon": "https://dashboard.stripe.com;.evil.example/",
    "comma": "https://dashboard.stripe.com,evil.example/",
    "ampersand": "https://dashboard.stripe.com&.evil.example/",
    "asterisk": "https://*.stripe.com/",
    "brace": "https://{customer_id}.stripe.com/",
    "bar": "https://a|b.stripe.com/",
    "caret": "https://a^b.stripe.com/",
    "angle bracket": "https://dashboard.stripe.com<.evil.example/",
    "quotes": "https://dashboard.stripe.com'.evil.example/",
    "empty label": "https://dashboard..stripe.com/",
    "leading dot": "https://.stripe.com/",
    "two trailing dots": "https://dashboard.stripe.com../",
    "dots only": "https://../",
    "label of 64 letters": f"https://{'a' * 64}.stripe.com/",
    "host of 260 letters": f"https://{'a.' * 125}stripe.com/",
    # names that do not read back as written
    "ideographic full stop": "https://dashboard.stripe\u3002com/",
    "full-width full stop": "https://dashboard.stripe\uff0ecom/",
    "half-width ideographic stop": "https://dashboard.stripe\uff61com/",
    "full-width letters": "https://ｄａｓｈｂｏａｒｄ.stripe.com/",
    "full-width slash": "https://evil.example\uff0f.stripe.com/",
    "full-width at": "https://dashboard.stripe.com\uff20evil.example/",
    "full-width colon": "https\uff1a//dashboard.stripe.com/",
    "letterlike a/c": "https://evil.\u2100om/",
    "mathematical letters": "https://\U0001d4ce.stripe.com/",
    "long s": "https://dashboard.\u017ftripe.com/",
    "ligature": "https://\ufb01rm.stripe.com/",
    "decomposed accent": "https://e\u0301vil.example/",
    "zero-width space": "https://dashboard.stri\u200bpe.com/",
    "zero-width joiner": "https://dashboard.stri\u200dpe.com/",
    "byte order mark": "\ufeffhttps://dashboard.stripe.com/",
    "soft hyphen": "https://dashboard.stri\u00adpe.com/",
    "word joiner": "https://dashboard.stri\u2060pe.com/",
    "variation selector": "https://dashboard.stripe\ufe0f.com/",
    # blanks, controls, direction
    "leading space": " https://dashboard.stripe.com/",
    "trailing space": "https://dashboard.stripe.com/ ",
    "space in the host": "https://dashboard.stripe.com .evil.example/",
    "no-break space": "https://dashboard.stripe.com/\u00a0",
    "line separator": "https://dashboard.stripe.com/\u2028",
    "tab in the host": "https://dash\tboard.stripe.com/",
    "newline in the host": "https://dashboard.stripe.com\n.evil.example/",
    "carriage return at the end": "https://dashboard.stripe.com/\r\n",
    "tab inside https": "ht\ttps://dashboard.stripe.com/",
    "tab between the slashes": "https:/\t/dashboard.stripe.com/",
    "NUL": "https://dashboard.stripe.com\x00.evil.example/",
    "NUL at the end": "https://dashboard.stripe.com/\x00",
    "control before https": "\x01https://dashboard.stripe.com/",
    "delete": "https://dashboard.stripe.com/\x7f",
    "C1 control": "https://dashboard.stripe.com/\x85",
    "right-to-left override": "https://dashboard.stripe.com/\u202egpj.exe",
    "bidi isolate": "https://dashboard.stripe.com/\u2066x",
    "lone surrogate": "https://dashboard.stripe.com/\ud800",
    "lone surrogate in the host": "https://dash\udfffboard.stripe.com/",
    "private use": "https://dashboard.stripe.com/\ue000",
    "too long": "https://dashboard.stripe.com/" + "a" * MAX_LENGTH,
    "too long as written, short once read": "https://stripe.com/" + "a/../" * 500,
    "too long once encoded": "https://dashboard.stripe.com/" + "é" * 1000,
}


@pytest.mark.parametrize("address", VERIFIED.values(), ids=VERIFIED)
def test_it_verifies_the_vendors_own_address(address: str) -> None:
    link = judge(address, STRIPE)
    assert (link.kind, link.reason) == ("verified", "")
    assert link.url == URL(address).href


@pytest.mark.parametrize("address", UNFAMILIAR.values(), ids=UNFAMILIAR)
def test_it_calls_it_unfamiliar_and_names_the_host(address: str) -> None:
    link = judge(address, STRIPE)
    assert link.kind == "unfamiliar"
    assert link.url == URL(address).href
    assert link.host == URL(address).hostname
    assert link.host.isascii()
    assert link.reason.endswith("Check the host before you open it.")
    assert (link.mode, link.account) == ("", "")


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_it_refuses(address: str) -> None:
    link = judge(address, STRIPE)
    assert link.kind == "refused"
    assert link.reason.endswith("Copy the id and look it up in the vendor's own system.")
    assert (link.mode, link.account) == ("", "")
    assert link.url.isprintable()
    assert len(link.url) <= 300


@pytest.mark.parametrize("nothing", [None, "", " ", "\t\n", "\u00a0"])
def test_it_says_that_a_link_is_missing(nothing: str | None) -> None:
    link = judge(nothing, STRIPE)
    assert (link.kind, link.url, link.host) == ("missing", "", "")
    assert "Copy the id" in link.reason


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://dashboard.stripe.com/", "not a full web address"),
        ("JavaScript:alert(1)", "a script, not the address of a page"),
        ("data:text/html,x", "a script, not the address of a page"),
        ("https://a@dashboard.stripe.com/", "before an @ sign"),
        ("https://dashboard.stripe.com\\x", "backslash"),
        ("https://stri\u200bpe.com/", "hidden characters"),
        ("https://stripe%2ecom/", "hides where it leads"),
        ("https://dashboard.stripe.com:99999/", "malformed"),
        ("https://dashboard.stripe.com/" + "a" * 2048, "too long"),
        ("http://dashboard.stripe.com/", "plain http"),
        ("https://dashboard.stripe.com:8443/", "names port 8443"),
        ("https://strip\u0435.com/", "look like other letters"),
        ("https://dashboard.stripe.com./", "an unusual way"),
        ("https://evil.example/", "evil.example is not a known host of Stripe"),
    ],
)
def test_it_says_in_plain_words_what_is_wrong(address: str, words: str) -> None:
    assert words in judge(address, STRIPE).reason


def test_a_known_host_is_not_blamed_for_how_its_address_is_written() -> None:
    link = judge("http://dashboard.stripe.com/", STRIPE)
    assert link.odd in link.reason
    assert link.odd.startswith("This address uses plain http")
    assert judge("https://evil.example/", STRIPE).odd == ""


def test_it_shows_an_international_look_alike_in_punycode() -> None:
    assert judge("https://strip\u0435.com/", STRIPE).host == "xn--strip-3we.com"


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://dashboard.stripe.com@evil.example/", "evil.example"),
        ("https://evil.example\\@dashboard.stripe.com/", "evil.example"),
        ("https:evil.example", "evil.example"),
        ("javascript:alert(1)", ""),
        ("ftp://evil.example/", ""),
        ("https://evil.example/" + "a" * MAX_LENGTH, ""),
        ("blob:https://stripe.com/", ""),
        ("nonsense", ""),
    ],
)
def test_it_names_where_a_refused_address_would_have_led(address: str, host: str) -> None:
    assert judge(address, STRIPE).host == host


def test_it_shows_refused_text_with_its_hidden_characters_marked_and_cut() -> None:
    assert judge("java\tscript:\u202ex\ud800 y", STRIPE).url == "java\ufffdscript:\ufffdx\ufffd y"
    shown = judge("x" * 5000, STRIPE).url
    assert (len(shown), shown[-1]) == (300, "…")


def test_it_keeps_vendors_apart() -> None:
    assert judge(GOOD, VENDORS["ZUORA"]).kind == "unfamiliar"
    assert judge("https://www.zuora.com/", STRIPE).kind == "unfamiliar"


def test_it_verifies_nothing_for_a_vendor_without_hosts_and_says_so() -> None:
    link = judge("https://ledger.example/1", vendor_for("ACME_LEDGER"))
    assert link.kind == "unfamiliar"
    assert (
        link.reason == "The desk knows no host of Acme Ledger. Check the host before you open it."
    )


def test_an_operator_may_add_a_domain_with_all_below_it() -> None:
    acme = vendor_for("ACME_LEDGER")
    assert judge("https://ledger.example/1", acme, ["ledger.example"]).kind == "verified"
    assert judge("https://eu.ledger.example/1", acme, {"ledger.example"}).kind == "verified"
    assert judge("https://evilledger.example/1", acme, ("ledger.example",)).kind == "unfamiliar"
    assert judge(GOOD, STRIPE, ["ledger.example"]).kind == "verified"


NOT_DOMAINS = [
    "",
    ".",
    "com",
    "example.",
    ".example.com",
    "*.example.com",
    "Example.com",
    "https://example.com",
    "example.com/",
    "example.com:443",
    "a@example.com",
    "exa mple.com",
    "-a.example.com",
    "a_b.example.com",
    "127.0.0.1",
    "[::1]",
    "1.2",
    "bücher.example",
    "example.com\n",
    "a." * 130 + "com",
    # where anybody may publish: publicsuffix.org
    "co.uk",
    "github.io",
    "herokuapp.com",
    "s3.amazonaws.com",
    "xn--55qx5d.cn",
    "a" * 64 + ".com",
]


@pytest.mark.parametrize("text", NOT_DOMAINS)
def test_an_operators_slip_opens_nothing(text: str) -> None:
    assert not is_domain(text)
    hosts = "evil.github.io evil.co.uk evil.example evil.com 127.0.0.1 [::1] example.com."
    for host in hosts.split():
        assert judge(f"https://{host}/", vendor_for("ACME"), [text]).kind == "unfamiliar"


@pytest.mark.parametrize(
    "text", ["example.com", "a.b-c.example", "xn--bcher-kva.example", "4.example", "acme.github.io"]
)
def test_it_takes_a_clean_domain_from_an_operator(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    ("identifier", "address", "mode", "account"),
    [
        ("STRIPE", GOOD, "LIVE", ""),
        ("STRIPE", "https://dashboard.stripe.com/test/customers/cus_1", "TEST", ""),
        ("STRIPE", "https://dashboard.stripe.com/acct_1A2b/customers/cus_1", "LIVE", "acct_1A2b"),
        (
            "STRIPE",
            "https://dashboard.stripe.com/acct_1A2b/test/customers/cus_1",
            "TEST",
            "acct_1A2b",
        ),
        ("STRIPE", "https://dashboard.stripe.com/%74est/customers/cus_1", "TEST", ""),
        ("STRIPE", "https://dashboard.stripe.com//test/customers/cus_1", "TEST", ""),
        ("STRIPE", "https://dashboard.stripe.com/x/../test/customers/cus_1", "TEST", ""),
        ("STRIPE", "https://dashboard.stripe.com/sandboxes/acct_1", "SANDBOX", ""),
        ("STRIPE", "https://dashboard.stripe.com/customers/test", "LIVE", ""),
        ("STRIPE", "https://dashboard.stripe.com/customers/cus_1?x=/test/", "LIVE", ""),
        ("STRIPE", "https://dashboard.stripe.com/acct_/customers/cus_1", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/acct_1", "", "acct_1"),
        # LIVE only for a page that is known
        ("STRIPE", "https://dashboard.stripe.com/settings/team", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/new-thing/cus_1", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/test/new-thing", "TEST", ""),
        ("STRIPE", "https://dashboard.stripe.com/b/acct_1A2b", "", "acct_1A2b"),
        # The account switcher and the sign-in are as live as where they lead
        (
            "STRIPE",
            "https://dashboard.stripe.com/b/acct_1A2b?destination=%2Ftest%2Fcustomers%2Fcus_1",
            "TEST",
            "acct_1A2b",
        ),
        (
            "STRIPE",
            "https://dashboard.stripe.com/b/acct_1A2b?destination=%2Fcustomers%2Fcus_1",
            "LIVE",
            "acct_1A2b",
        ),
        ("STRIPE", "https://dashboard.stripe.com/login?redirect=%2Ftest%2Fcustomers", "TEST", ""),
        (
            "STRIPE",
            "https://dashboard.stripe.com/login?redirect=%2Facct_1A2b%2Ftest%2Fcustomers",
            "TEST",
            "acct_1A2b",
        ),
        (
            "STRIPE",
            f"https://dashboard.stripe.com/login?redirect={quote(GOOD, safe='')}",
            "LIVE",
            "",
        ),
        ("STRIPE", "https://dashboard.stripe.com/login?redirect=%2Fcustomers%2F..%2Ftest", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/login?redirect=customers", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/login?redirect=https%3A%2F%2Fx.example", "", ""),
        ("STRIPE", "https://dashboard.stripe.com/login?x=%2Ftest%2Fcustomers", "", ""),
        ("STRIPE", f"https://dashboard.stripe.com/{'login?redirect=%2F' * 60}", "", ""),
        ("STRIPE_INVOICING", "https://dashboard.stripe.com/test/customers/cus_1", "TEST", ""),
        ("ZUORA", "https://www.zuora.com/apps/CustomerAccount.do?id=1", "", ""),
        ("ZUORA", "https://apisandbox.zuora.com/apps/CustomerAccount.do?id=1", "SANDBOX", ""),
        ("ZUORA", "https://sandbox.na.zuora.com/", "SANDBOX", ""),
        ("ZUORA", "https://test.zuora.com/", "SANDBOX", ""),
        ("ZUORA", "https://rest.test.eu.zuora.com/", "SANDBOX", ""),
        ("ZUORA", "https://latest.zuora.com/", "", ""),
        ("ZUORA", "https://na.zuora.com/sandbox", "", ""),
        ("AIRWALLEX", "https://demo.airwallex.com/app/", "TEST", ""),
        ("AIRWALLEX", "https://www.airwallex.com/app/", "", ""),
        ("SALESFORCE", "https://acme.my.salesforce.com/001", "", ""),
        ("SALESFORCE", "https://acme--uat.sandbox.my.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://acme--uat.sandbox.lightning.force.com/lightning/r/", "SANDBOX", ""),
        ("SALESFORCE", "https://sandbox.my.salesforce.com/001", "", ""),
        ("SALESFORCE", "https://acme--uat.lightning.force.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://acme--uat.cs5.my.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://cs5.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://cs137.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://test.salesforce.com/", "SANDBOX", ""),
        ("SALESFORCE", "https://acme-dev-ed.my.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://acme-dev-ed.develop.lightning.force.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://acme.develop.my.salesforce.com/001", "SANDBOX", ""),
        ("SALESFORCE", "https://page-force-1234.scratch.lightning.force.com/x", "SANDBOX", ""),
        ("SALESFORCE", "https://acme.trailblaze.my.salesforce.com/x", "SANDBOX", ""),
        ("SALESFORCE", "https://login.salesforce.com/", "", ""),
        ("SALESFORCE", "https://na5.salesforce.com/001", "", ""),
        ("SALESFORCE", "https://cscs5.my.salesforce.com/001", "", ""),
        ("SALESFORCE", "https://acme-dev-eden.my.salesforce.com/001", "", ""),
        ("HUBSPOT", "https://app.hubspot.com/contacts/1/record/0-1/2", "", ""),
        ("AUTH0", "https://manage.auth0.com/dashboard/us/acme/users/x", "", ""),
    ],
)
def test_it_reads_mode_and_account_from_the_address(
    identifier: str, address: str, mode: Mode, account: str
) -> None:
    link = judge(address, VENDORS[identifier])
    assert (link.kind, link.mode, link.account) == ("verified", mode, account)


def test_it_reads_no_mode_from_a_host_that_only_an_operator_trusts() -> None:
    assert judge("https://ledger.example/test/x", vendor_for("ACME"), ["ledger.example"]).mode == ""


@pytest.mark.parametrize(
    ("mode", "live", "sentence"),
    [
        ("TEST", True, "This is a test link, but Production is a live environment."),
        ("SANDBOX", True, "This is a sandbox link, but Production is a live environment."),
        ("LIVE", False, "This is a live link, but Production is not a live environment."),
        ("LIVE", True, ""),
        ("TEST", False, ""),
        ("SANDBOX", False, ""),
        ("", True, ""),
        ("", False, ""),
        ("TEST", None, ""),
        ("LIVE", None, ""),
        ("SOMETHING", True, ""),
    ],
)
def test_it_warns_when_the_mode_does_not_fit_the_environment(
    mode: Mode, live: bool, sentence: str
) -> None:
    assert mode_warning(mode, live, "Production") == sentence


HOSTS = st.sampled_from(
    ["dashboard.stripe.com", "stripe.com", "evil.example", "STRIPE.com", "xn--a.com", ""]
)
PIECES = st.sampled_from(
    [
        "https:",
        "http:",
        "//",
        "/",
        "\\",
        "@",
        ":",
        "443",
        "?",
        "#",
        ".",
        "%2e",
        "\t",
        "\u200b",
        "。",
        ";",
        "[",
        "]",
    ]
)
ADDRESS_LIKE = st.lists(st.one_of(HOSTS, PIECES, st.characters()), max_size=12).map("".join)
NEAR_ADDRESSES = st.one_of(ADDRESS_LIKE, ADDRESS_LIKE.map("https://".__add__), ANY_TEXT)


def assert_safe(link: Link, vendor: Vendor) -> None:
    if link.kind == "verified":
        address = URL(link.url)
        assert (address.protocol, address.username, address.password, address.port) == (
            "https:",
            "",
            "",
            "",
        )
        assert any(
            address.hostname == d or address.hostname.endswith(f".{d}") for d in vendor.domains
        )
    if link.kind in ("verified", "unfamiliar"):
        address = URL(link.url)
        assert address.href == link.url
        assert address.hostname == link.host
        assert address.protocol in ("https:", "http:")
        assert (address.username, address.password) == ("", "")
        assert len(link.url) <= MAX_LENGTH
    assert bool(link.reason) == (link.kind != "verified")
    assert link.host.isascii()
    link.url.encode()


@given(NEAR_ADDRESSES)
def test_no_text_makes_it_raise_and_what_it_verifies_browsers_open_at_the_vendor(text: str) -> None:
    assert_safe(judge(text, STRIPE), STRIPE)


@given(ADDRESS_LIKE, ANY_TEXT)
def test_no_ending_moves_a_verified_link_off_the_vendor(middle: str, end: str) -> None:
    assert_safe(judge(f"https://dashboard.stripe.com{middle}{end}", STRIPE), STRIPE)


@given(st.lists(ANY_TEXT, max_size=3), st.sampled_from(["evil.example", "localhost", "127.0.0.1"]))
def test_no_text_for_a_domain_makes_it_raise(domains: list[str], host: str) -> None:
    assert judge(f"https://{host}/", STRIPE, domains).kind in ("verified", "unfamiliar")


UNSEEN = st.characters(categories=["Cc", "Cf", "Cs", "Zs", "Zl", "Zp"])


@given(st.one_of(UNSEEN, st.just("\\")), st.integers(0, len(GOOD)))
def test_a_hidden_character_or_a_backslash_anywhere_undoes_a_verified_link(
    character: str, place: int
) -> None:
    assert judge(GOOD[:place] + character + GOOD[place:], STRIPE).kind == "refused"


@given(st.text(st.characters(exclude_characters="/?#\\"), max_size=20))
def test_userinfo_of_any_kind_undoes_a_verified_link(userinfo: str) -> None:
    assert judge(GOOD.replace("://", f"://{userinfo}@"), STRIPE).kind == "refused"


@given(st.characters(min_codepoint=128), st.integers(0, len(GOOD)))
def test_a_letter_outside_ascii_anywhere_undoes_a_verified_link(character: str, place: int) -> None:
    assert judge(GOOD[:place] + character + GOOD[place:], STRIPE).kind in ("unfamiliar", "refused")


@given(NEAR_ADDRESSES)
def test_judging_the_address_that_opens_gives_the_same_host(text: str) -> None:
    link = judge(text, STRIPE)
    if link.kind == "verified":
        assert judge(link.url, STRIPE) == link
