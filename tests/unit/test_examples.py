"""Every example in a docstring runs and gives what it says."""

import doctest
import importlib
import pkgutil

import pytest

import yipan

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(yipan.__path__, prefix="yipan.")
    if ".migrations" not in module.name and not module.name.endswith("__main__")
)


class TestExamples:
    @pytest.mark.parametrize("name", MODULES)
    def test_say_what_they_give(self, name):
        failed, _ = doctest.testmod(importlib.import_module(name))

        assert failed == 0
