"""The examples in the docstrings of activation/ are true."""

import doctest
import importlib
import pkgutil

import pytest

import activation

MODULES = [found.name for found in pkgutil.walk_packages(activation.__path__, "activation.")]


@pytest.mark.parametrize("name", [name for name in MODULES if ".migrations." not in name])
def test_examples_of_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
