"""Recipes with few steps, for tests."""

from dataclasses import fields, replace

from gzssar.methods.problem import Spaces
from gzssar.methods.recipe import Recipe

_OF_SPACES = {one.name for one in fields(Spaces)}


def changed(recipe: Recipe, **values) -> Recipe:
    """The recipe with other values, wherever the fields live: in its method's spaces, its method, or itself."""
    spaces = {name: value for name, value in values.items() if name in _OF_SPACES}
    of_method = {one.name for one in fields(recipe.method)}
    own = {name: value for name, value in values.items() if name in of_method}
    rest = {name: value for name, value in values.items() if name not in _OF_SPACES | of_method}
    method = replace(recipe.method, spaces=replace(recipe.method.spaces, **spaces), **own)
    return replace(recipe, method=method, **rest)
