"""The face that Django looks for: importing the pages registers them."""

from integrations_app.access import admin as access_admin
from integrations_app.links import admin as links_admin
