"""A user model of an application's own: another table, a text as its key."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    id = models.CharField(max_length=150, primary_key=True)
