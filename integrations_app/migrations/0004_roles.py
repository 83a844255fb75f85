"""The roles: Django groups, and the permissions that each brings. `access/rules.py` decides by them.

Accounts from before there were roles could see everything. They become viewers, so that nobody is
locked out, and who could enter admin still can.
"""

from typing import Any

from django.apps import apps as desk
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models

LINKS = [
    f"{may}_{model}" for model in ("linktemplate", "trustedhost")
    for may in ("view", "add", "change", "delete")
]
ROLES = {
    "viewer": ["look_up"],
    "exporter": ["look_up", "export"],
    "operator": ["look_up", "operate", *LINKS, "view_wronglink"],
    "auditor": ["read_record"],
}


def make_roles(apps: Any, _: Any = None) -> None:
    # Else they come after the last migration
    create_permissions(desk.get_app_config("integrations_app"), verbosity=0, apps=apps)
    permissions = apps.get_model("auth", "Permission").objects
    ours = permissions.filter(content_type__app_label="integrations_app")
    for name, codenames in ROLES.items():
        role, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        role.permissions.add(*ours.filter(codename__in=codenames))


def keep_accounts(apps: Any, _: Any) -> None:
    """A company's account without a group was refused at the sign-in, and stays so."""
    accounts = apps.get_model("auth", "User").objects.filter(is_active=True, is_superuser=False)
    refused = accounts.filter(socialaccount__isnull=False, groups__isnull=True)
    viewer = apps.get_model("auth", "Group").objects.get(name="viewer")
    viewer.user_set.add(*accounts.exclude(groups__name__in=ROLES).exclude(pk__in=refused))
    operate = apps.get_model("auth", "Permission").objects.get(
        codename="operate", content_type__app_label="integrations_app"
    )
    operate.user_set.add(*accounts.filter(is_staff=True))


class Migration(migrations.Migration):

    dependencies = [
        ('integrations_app', '0003_record'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('socialaccount', '0006_alter_socialaccount_extra_data'),
    ]

    operations = [
        migrations.CreateModel(
            name='EnvironmentLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('environment', models.CharField(max_length=31)),
                ('user', models.ForeignKey(on_delete=models.CASCADE, related_name='environment_limits', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'permissions': (('look_up', 'Can look customers up'), ('export', 'Can export what it sees'), ('operate', 'Can change what the desk is set to'), ('read_record', 'Can read the record')),
                'constraints': [models.UniqueConstraint(fields=('user', 'environment'), name='one_limit_per_place')],
            },
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        migrations.RunPython(keep_accounts, migrations.RunPython.noop),
    ]
