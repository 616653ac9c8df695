"""Options that several verbs have, declared once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from inspect import Parameter, signature
from typing import Any

Verb = Callable[..., None]


def given_by(provider: Callable[..., AbstractContextManager[Any]], **defaults: object) -> Callable[[Verb], Verb]:
    """Make one parameter of a verb from options that the verb need not declare.

    The parameter has the provider's name. On the command line the provider's own parameters stand in its place; the
    verb runs inside the context that the provider makes of them, and is given what that context yields.

    Args:
        provider: a function of options.
        defaults: of its options, where this verb's differ.
    """
    options = [
        one.replace(kind=Parameter.KEYWORD_ONLY, default=defaults.get(one.name, one.default))
        for one in signature(provider, eval_str=True).parameters.values()
    ]

    def decorate(verb: Verb) -> Verb:
        @wraps(verb)
        def command(**given: Any) -> None:
            asked = {one.name: given.pop(one.name) for one in options}
            with provider(**asked) as provided:
                verb(**given, **{provider.__name__: provided})

        own = signature(verb, eval_str=True)
        parameters = [part for one in own.parameters.values() for part in _replaced(one, provider.__name__, options)]
        vars(command).update(__signature__=own.replace(parameters=parameters))  # what Typer goes by
        return command

    return decorate


def _replaced(one: Parameter, name: str, options: list[Parameter]) -> list[Parameter]:
    return options if one.name == name else [one]
