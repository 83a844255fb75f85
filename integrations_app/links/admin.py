"""Django admin for operators: link templates, trusted hosts, and what agents reported."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations_app.access import rules
from integrations_app.audit.events import Action, note
from integrations_app.upstream.environments import Environment, configured
from integrations_app.vendors import known_vendors, presets, vendor_for
from integrations_app.vendors.vendor import Preset, Vendor

from .models import LinkTemplate, TrustedHost, WrongLink, link_settings
from .url_templates import PLACEHOLDERS, fill

# Ids with a character that must be percent-encoded, so that the preview shows that too.
SAMPLE = {
    "synced_entity_id": "auth0|65f1c0ffee",
    "customer_id": "acme-corp",
    "billing_id": "cus_9s8d7f6g",
}
SHOWN_COUNTS = 50
Seen = Mapping[str, Environment]


def environment_choices(seen: Seen, kept: str = "") -> list[tuple[str, str]]:
    """Those that the operator sees, and the one that is kept although it is configured no more."""
    known = {name: environment.label for name, environment in seen.items()}
    if kept:
        known.setdefault(kept, f"{kept} (no longer configured)")
    return list(known.items())


def preview(template: str, vendor_identifier: str, environment: str) -> SafeString:
    """The address that a template makes of a sample, and what happens when an agent follows it."""
    address = fill(template, SAMPLE)
    if address is None:
        return format_html("{}", "–")
    link = link_settings(environment).judge(address, vendor_for(vendor_identifier))
    then = f"Opens directly. {link.mode}".rstrip()
    if link.kind != "verified":
        then = f"Asks agents first: {link.reason}"
    return format_html("<code>{}</code><br>{}", address, then)


class ForVendorForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    # What the operator sees; admin fills it in
    seen: ClassVar[Seen] = {}
    sees_all: ClassVar[bool] = False
    may_be_for_all: ClassVar[bool] = False
    environment = forms.ChoiceField()

    class Meta:
        # Free text, because Stigg adds vendors; the known ones are in a list of the template.
        look: ClassVar = {"list": "vendors", "size": 40, "autocomplete": "off"}
        widgets: ClassVar[dict[str, forms.Widget]] = {"vendor_identifier": forms.TextInput(look)}
        help_texts: ClassVar = {
            "vendor_identifier": "Stigg's vendorIdentifier, such as SALESFORCE."
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        every = [("", "All environments")] if self.may_be_for_all and self.sees_all else []
        choices = [*every, *environment_choices(self.seen, self.instance.environment)]
        self.fields["environment"] = forms.ChoiceField(choices=choices, required=not every)


class LinkTemplateForm(ForVendorForm):
    """Shows what the template makes of a sample: opened, refused, or at "Preview"."""

    class Meta(ForVendorForm.Meta):
        look: ClassVar = {"rows": 2, "cols": 100, "spellcheck": "false", "class": "vLargeTextField"}
        widgets = ForVendorForm.Meta.widgets | {"template": forms.Textarea(look)}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "template" in self.fields:  # admin leaves it out for those who may only look
            names = ("template", "vendor_identifier", "environment")
            template, vendor, environment = (self[name].value() or "" for name in names)
            known = environment if environment in self.seen else ""  # it comes as it was typed
            placeholders = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            rule = "https, a host written out, and at least one of {} after it."
            said = f"{rule}<br><strong>Preview</strong>: {{}}"
            shown = preview(template, vendor, known)
            self["template"].help_text = format_html(said, placeholders, shown)

    def is_valid(self) -> bool:
        """A preview is never saved: the form comes back as it was typed."""
        return super().is_valid() and "_preview" not in self.data


class TrustedHostForm(ForVendorForm):
    may_be_for_all = True


class PresetForm(forms.Form):
    """A ready-made template; once one is chosen, the form also asks for what that one lacks."""

    environment = forms.ChoiceField()
    preset = forms.ChoiceField(choices=lambda: [(name, name) for name in presets()])

    def __init__(self, data: Mapping[str, Any], seen: Seen) -> None:
        super().__init__(data or None)
        self.fields["environment"] = forms.ChoiceField(choices=environment_choices(seen))
        self.vendor: Vendor | None
        self.chosen: Preset | None
        self.vendor, self.chosen = presets().get(data.get("preset", ""), (None, None))
        self.asked = self.chosen.parameters if self.chosen else ()
        for parameter in self.asked:
            self.fields[parameter.name] = forms.CharField(
                label=parameter.label.removeprefix("The "),
                help_text=f"Such as {parameter.example}",
                required=False,
            )
        if not all(parameter.name in data for parameter in self.asked):
            self.is_bound, self.initial = False, dict(data.items())

    def clean(self) -> dict[str, Any]:
        if self.chosen:
            try:
                self.cleaned_data["template"] = self.chosen.answered(self.cleaned_data)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from error
        return self.cleaned_data


class Named(admin.AllValuesFieldListFilter):
    """Offers what agents read on pages: names, not identifiers."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        named = {vendor.identifier: vendor.name for vendor in known_vendors().values()}
        named |= {environment.name: environment.label for environment in configured().values()}
        for choice in super().choices(changelist):
            words = str(choice["display"])
            yield choice | {"display": named.get(words, words)}


class ForVendorAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    change_form_template = "admin/integrations_app/for_vendor_form.html"

    class Media:
        css: ClassVar = {"all": ["admin-lists.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rules.seen_of(super().get_queryset(request), request.user)

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        form: Any = super().get_form(request, *args, **options)
        form.seen = rules.environments(request.user)
        form.sees_all = rules.rights(request.user).limits is None
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        context["vendors"] = known_vendors().values()
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        self._note(request, "changed" if change else "added", obj)
        super().save_model(request, obj, form, change)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for item in queryset:
            self._note(request, "deleted", item)
        return super().log_deletions(request, queryset)

    def _note(self, request: HttpRequest, outcome: str, item: Any) -> None:
        said = f"{item.vendor_identifier}: {getattr(item, 'template', '') or item.domain}"
        note(request, Action.LINK_SETTINGS, outcome, environment=item.environment, detail=said)

    @admin.display(description="vendor", ordering="vendor_identifier")
    def vendor(self, item: Any) -> str:
        return f"{item.vendor_name} ({item.vendor_identifier})"


@admin.register(LinkTemplate)
class LinkTemplateAdmin(ForVendorAdmin):
    form = LinkTemplateForm
    list_display = ("vendor", "environment", "reports", "preview")
    list_filter = (("environment", Named), ("vendor_identifier", Named))
    change_list_template = "admin/integrations_app/link_templates.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with `reports`: how often agents called a link that it built wrong."""
        same = {name: OuterRef(name) for name in ("environment", "vendor_identifier", "template")}
        wrong = WrongLink.objects.filter(**same).order_by().values("template")
        counted = Subquery(wrong.annotate(count=Count("pk")).values("count"))
        templates = super().get_queryset(request).annotate(reports=Coalesce(counted, 0))
        return cast(QuerySet[Any], templates)

    @admin.display(description="preview")
    def preview(self, item: LinkTemplate) -> str:
        return fill(item.template, SAMPLE) or "–"

    @admin.display(description="wrong links", ordering="reports")
    def reports(self, item: Any) -> int:
        return int(item.reports)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preset)
        own = path("preset/", view, name="integrations_app_linktemplate_preset")
        return [own, *super().get_urls()]

    def preset(self, request: HttpRequest) -> HttpResponse:
        """Choose a preset, answer what it asks for, go on to the form with the whole template."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PresetForm(request.GET, rules.environments(request.user))
        if form.is_valid() and form.vendor:
            start = form.cleaned_data | {"vendor_identifier": form.vendor.identifier}
            names = ("environment", "vendor_identifier", "template")
            filled = urlencode({name: start[name] for name in names})
            form_page = reverse("admin:integrations_app_linktemplate_add")
            return HttpResponseRedirect(f"{form_page}?{filled}")
        own = {"title": "Add from a preset", "form": form, "opts": self.opts}
        context = self.admin_site.each_context(request) | own
        page, status = "admin/integrations_app/preset.html", 400 if form.errors else 200
        return TemplateResponse(request, page, context, status=status)


@admin.register(TrustedHost)
class TrustedHostAdmin(ForVendorAdmin):
    form = TrustedHostForm
    list_display = ("domain", "vendor", "environment_or_all")
    list_filter = (("environment", Named), ("vendor_identifier", Named))

    @admin.display(description="environment", ordering="environment")
    def environment_or_all(self, item: TrustedHost) -> str:
        return item.environment or "All environments"


@admin.register(WrongLink)
class WrongLinkAdmin(ForVendorAdmin):
    """Read only: a record of what agents said."""

    list_display = ("at", "vendor", "environment", "source", "host", "customer_id", "user", "word")
    list_filter = (("environment", Named), ("vendor_identifier", Named), "source")
    search_fields = ("customer_id", "integration_id", "host", "user", "word")
    date_hierarchy = "at"
    change_list_template = "admin/integrations_app/wrong_links.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Above the reports: how many each vendor and template has, most reported first."""
        named = ("environment", "vendor_identifier", "source", "template", "host")
        grouped = self.get_queryset(request).order_by().values(*named)
        found = grouped.annotate(count=Count("pk"), latest=Max("at")).order_by("-count", "-latest")
        most = found[:SHOWN_COUNTS]
        counts = [{**row, "vendor": vendor_for(row["vendor_identifier"]).name} for row in most]
        return super().changelist_view(request, (extra_context or {}) | {"counts": counts})

    def _never(self, *_args: Any, **_named: Any) -> bool:
        return False

    has_add_permission = has_change_permission = has_delete_permission = _never
