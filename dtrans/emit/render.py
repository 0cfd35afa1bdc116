"""The shape of a generated program, from `templates/`: the only user of Jinja2."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2

from dtrans.data import data_dir


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_dir("templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template of `templates/` filled in. Raises jinja2.UndefinedError for a value that it lacks."""
    return _environment().get_template(template).render(values)
