"""Rules on what was measured: each clip is kept or left out, with the rule and the value that say so; nothing moves.

A rule is written as ``silence_ratio < 0.8``, ``abs(av_offset) <= 0.2``, ``all_zero`` or ``not all_zero``; several may
stand in one line, joined by ``and``. It is parsed, never run. A clip is kept if every rule holds.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import FiniteFloat, StrictBool, field_validator

from phonofilm.data.ingest.reasons import Reason
from phonofilm.data.ingest.rows import Row, ScoreRow, VerdictRow
from phonofilm.errors import SettingError, unknown_name

VERSION = 1
_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?"
_FLAG = re.compile(rf"(?P<no>not\s+)?(?P<measure>{_NAME})")
_COMPARISON = re.compile(
    rf"(?P<absolute>abs\s*\(\s*)?(?P<measure>{_NAME})(?(absolute)\s*\))\s*"
    r"(?P<relation><=|>=|==|!=|<|>)\s*(?P<bound>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)


class Relation(str, Enum):
    """How a value must stand to a rule's bound."""

    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    OTHER = "!="

    def holds(self, value: float, bound: float) -> bool:
        """Whether it does."""
        return _HOLDS[self](value, bound)


_HOLDS = {
    Relation.LESS: operator.lt,
    Relation.AT_MOST: operator.le,
    Relation.GREATER: operator.gt,
    Relation.AT_LEAST: operator.ge,
    Relation.EQUAL: operator.eq,
    Relation.OTHER: operator.ne,
}


class Missing(str, Enum):
    """What becomes of a clip that a rule cannot be asked of, since its measure has no value."""

    KEEP = "keep"
    DROP = "drop"


class Rule(Row):
    """One condition that a clip must meet.

    Attributes:
        measure: whose value it is about.
        absolute: its sign is left out.
        relation, bound: what the value must be; flags are compared to true or false.
        missing: see :class:`Missing`; ``None``: as for all rules.
    """

    measure: str
    absolute: bool = False
    relation: Relation
    bound: StrictBool | FiniteFloat
    missing: Missing | None = None

    @property
    def subject(self) -> str:
        """What is compared, in the words of a rule."""
        return f"abs({self.measure})" if self.absolute else self.measure

    def __str__(self) -> str:
        if isinstance(self.bound, bool):
            return self.measure if self.bound else f"not {self.measure}"
        return f"{self.subject} {self.relation.value} {self.bound:g}"


class Filtering(Row):
    """Settings of the stage.

    Attributes:
        rules: all must hold; each may be given as a line of text, or as ``{rule: text, missing: keep}``.
        missing: what becomes of clips without a value that a rule asks for.
    """

    rules: tuple[Rule, ...] = ()
    missing: Missing = Missing.DROP

    @field_validator("rules", mode="before")
    @classmethod
    def _parsed(cls, given: Any) -> Any:
        if isinstance(given, str):
            return tuple(parse(given))
        if not isinstance(given, (list, tuple)):
            return given
        return tuple(rule for item in given for rule in _rules(item))

    def check(self, known: Iterable[str]) -> None:
        """Object to rules on what is not measured.

        Raises:
            SettingError: naming the nearest measure.
        """
        known = set(known)
        for rule in self.rules:
            if rule.measure not in known:
                raise unknown_name("measure", rule.measure, known)


def verdict(settings: Filtering, scores: ScoreRow) -> VerdictRow:
    """Whether the rules keep a clip, and if not, every rule that does not.

    Raises:
        SettingError: for a rule on something that was not measured, or that does not fit what was.
    """
    settings.check(scores.values)
    broken = [words for words in _objections(settings, scores) if words is not None]
    return VerdictRow(clip_id=scores.clip_id, reason=Reason.RULE if broken else None, message="; ".join(broken))


@dataclass(frozen=True)
class Weighed:
    """What one of several rules does.

    Attributes:
        rule: which.
        judged: clips that have a value which it asks for.
        dropped: clips that it leaves out, those without a value too where these are dropped.
        alone: of these, clips that no other rule leaves out.
    """

    rule: Rule
    judged: int
    dropped: int
    alone: int


def weighed(settings: Filtering, scores: Sequence[ScoreRow]) -> list[Weighed]:
    """What each rule does to the clips that were measured, in the order of the rules.

    Raises:
        SettingError: see :func:`verdict`.
    """
    broken = [[words is not None for words in _objections(settings, row)] for row in scores]
    return [
        Weighed(
            rule,
            judged=sum(row.values[rule.measure] is not None for row in scores),
            dropped=sum(clip[index] for clip in broken),
            alone=sum(clip[index] and sum(clip) == 1 for clip in broken),
        )
        for index, rule in enumerate(settings.rules)
    ]


def _objections(settings: Filtering, scores: ScoreRow) -> list[str | None]:
    """What each rule has against a clip."""
    return [_objection(rule, scores, settings.missing) for rule in settings.rules]


def parse(text: str) -> list[Rule]:
    """The rules of a line.

    Raises:
        SettingError: for what is no rule.
    """
    return [_rule(part.strip(), text) for part in re.split(r"\band\b", text)]


def _rule(part: str, text: str) -> Rule:
    if found := _FLAG.fullmatch(part):
        return Rule(measure=found["measure"], relation=Relation.EQUAL, bound=not found["no"])
    if (found := _COMPARISON.fullmatch(part)) is None:
        what = f"{part!r} in {text!r}" if part != text.strip() else repr(text)
        raise SettingError(
            f"{what} is no rule: write for example silence_ratio < 0.8, abs(av_offset) <= 0.2 or not all_zero"
        )
    if not math.isfinite(bound := float(found["bound"])):
        raise SettingError(f"the bound of {part!r} is too great: choose another one")
    return Rule(
        measure=found["measure"],
        absolute=found["absolute"] is not None,
        relation=Relation(found["relation"]),
        bound=bound,
    )


def _rules(item: Any) -> Sequence[Any]:
    """The rules of one item of a recipe's list."""
    if isinstance(item, str):
        return parse(item)
    if isinstance(item, dict) and "rule" in item:
        if unknown := sorted(set(item) - {"rule", "missing"}):
            raise SettingError(f"a rule has no {', '.join(map(str, unknown))}: give rule and missing")
        missing = _missing(item["missing"]) if "missing" in item else None
        return [rule.model_copy(update={"missing": missing}) for rule in parse(str(item["rule"]))]
    return [item]


def _missing(value: Any) -> Missing:
    try:
        return Missing(value)
    except ValueError:
        raise SettingError(f"missing is {value!r}: write keep or drop") from None


def _objection(rule: Rule, scores: ScoreRow, missing: Missing) -> str | None:
    """Why a rule does not keep a clip; ``None`` if it does."""
    value = scores.values[rule.measure]
    if value is None:
        if (rule.missing or missing) is Missing.KEEP:
            return None
        why = scores.why.get(rule.measure, "no reason is known")
        return f"{rule.measure} has no value ({why}), the rule asks {_asked(rule)}"
    if isinstance(value, bool) != isinstance(rule.bound, bool):
        kind = "yes or no" if isinstance(value, bool) else "a number"
        fix = f"write {rule.measure} or not {rule.measure}" if isinstance(value, bool) else f"write {rule.measure} > 0"
        raise SettingError(f"the rule {str(rule)!r} does not fit, {rule.measure} is {kind}: {fix}")
    if rule.relation.holds(abs(value) if rule.absolute else value, rule.bound):
        return None
    return f"{rule.subject} is {_shown(abs(value) if rule.absolute else value, rule)}, the rule asks {_asked(rule)}"


def _asked(rule: Rule) -> str:
    return str(rule) if isinstance(rule.bound, bool) else f"{rule.relation.value} {rule.bound:g}"


def _shown(value: float, rule: Rule) -> str:
    """A value with as many digits as it takes to see that the rule does not hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    shown = f"{value:.3g}"
    misleads = float(shown) == rule.bound != value or rule.relation.holds(float(shown), rule.bound)
    return repr(value) if misleads else shown
