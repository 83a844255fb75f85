"""The face that Django looks for: importing the pages registers them."""

from integrations_app.links import admin as links_admin

__all__ = ["links_admin"]
