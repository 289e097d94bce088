"""The examples in the docstrings of ml/ are true."""

import doctest
import importlib
import pkgutil

import pytest

import ml

MODULES = [found.name for found in pkgutil.walk_packages(ml.__path__, "ml.")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
