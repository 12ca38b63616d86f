"""YAML read by the library's compiled parser, about eight times as fast as the plain one; the same values, the same faults."""

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    Loader = yaml.SafeLoader
else:
    Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Builds plain values only. Where PyYAML came without its compiled part, the plain parser takes its place."""


def read_yaml(text: str) -> Any:
    """
    Return what a YAML text says, as plain values; raises yaml.YAMLError where it is none.

    >>> read_yaml("serial_interval: {value: 2.7}")
    {'serial_interval': {'value': 2.7}}
    """
    return yaml.load(text, Loader=Loader)  # noqa: S506  # one of the two safe loaders, see above
