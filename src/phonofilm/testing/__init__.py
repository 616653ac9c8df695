"""Checks for parts that are not ours: samplers and guidance against a closed form, the rest against its contract.

Each ``check_*`` raises ``AssertionError`` with what is wrong, so it can stand in any test suite.
"""

from phonofilm.testing.codec import check_codec
from phonofilm.testing.family import check_family
from phonofilm.testing.gaussian import JointGaussian, Law
from phonofilm.testing.guidance import check_guidance
from phonofilm.testing.metric import check_metric
from phonofilm.testing.samplers import check_batch, check_convergence, check_held, check_sampler, check_straight_line

__all__ = [
    "JointGaussian",
    "Law",
    "check_batch",
    "check_codec",
    "check_convergence",
    "check_family",
    "check_guidance",
    "check_held",
    "check_metric",
    "check_sampler",
    "check_straight_line",
]
