from __future__ import annotations

from django.db import models

from dossiers.models.base import DatabaseClock


class IdempotencyKey(models.Model):
    """Khoá chống lặp: one answer for one key of one user, however often it is asked."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    body_digest = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    status = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=DatabaseClock())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotencykey_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotencykey_by_age")]

    def __str__(self) -> str:
        return self.key
