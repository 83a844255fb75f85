"""Whether the desk can serve: its database with all migrations, and its cache."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def is_migrated() -> bool:
    """Whether the database has every migration of this code. It may have more, of a newer one."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
