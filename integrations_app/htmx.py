"""What htmx tells of a request."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


def page_of(request: HttpRequest) -> str:
    """The path and query of the page that sent the request, checked like any `next`; else "/"."""
    try:
        address = HtmxDetails(request).current_url_abs_path or ""
    except ValueError:  # not an address at all
        return "/"
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}) else "/"


def whole_page(address: str, status: int) -> HttpResponse:
    """Tells htmx to open this page in place of the one that asked: nothing is put into a table."""
    response = HttpResponseClientRedirect(address)
    response.status_code = status
    return response
