"""How an ad's content lies in the tables: one column or one child table for each of its fields."""

from __future__ import annotations

from dataclasses import fields

from navfeed.model import Category, Contact, Content, Location, Occupation

CHILDREN = {
    "locations": Location,
    "occupations": Occupation,
    "categories": Category,
    "contacts": Contact,
}
COLUMNS = tuple(field.name for field in fields(Content) if field.name not in (*CHILDREN, "raw"))
"""The columns of `ads` that hold a field of `Content` by its own name."""
