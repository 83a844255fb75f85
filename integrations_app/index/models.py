"""Which customer has this record of a vendor. No vendor's id is kept in clear text."""

from django.db import models


class IndexEntry(models.Model):
    """A customer of an environment has, or had, the record whose keyed hash is `digest`."""

    pk = models.CompositePrimaryKey("environment", "digest", "customer_id")
    environment = models.CharField(max_length=31)
    digest = models.BinaryField(max_length=16)
    customer_id = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "index entries"

    def __str__(self) -> str:
        return f"{self.environment} {self.digest.hex()} {self.customer_id}"
