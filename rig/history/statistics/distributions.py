"""Quantiles and tails of the distributions that intervals and tests are made of."""

from __future__ import annotations

__all__ = ["chi_square_quantile", "f_quantile", "f_tail", "student_quantile", "student_tail"]

# scipy.special and not scipy.stats, which takes most of a second to import; both only when they are asked.


def chi_square_quantile(part: float, freedom: float) -> float:
    """Return the value that χ² with ``freedom`` degrees of freedom stays below with probability ``part``.

    >>> round(chi_square_quantile(0.975, 19), 2)
    32.85
    """
    from scipy.special import chdtri  # noqa: PLC0415 - see above

    return float(chdtri(freedom, 1 - part))


def student_quantile(part: float, freedom: float) -> float:
    """Return the value that Student's t stays below with probability ``part``.

    >>> round(student_quantile(0.975, 10), 3)
    2.228
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - see above

    return float(stdtrit(freedom, part))


def student_tail(value: float, freedom: float) -> float:
    """Return the probability that Student's t lies above ``value``."""
    from scipy.special import stdtr  # noqa: PLC0415 - see above

    return float(stdtr(freedom, -value))


def f_quantile(part: float, above: float, below: float) -> float:
    """Return the value that F with ``above`` and ``below`` degrees of freedom stays below with probability ``part``.

    >>> round(f_quantile(0.95, 2, 18), 2)
    3.55
    """
    from scipy.special import fdtri  # noqa: PLC0415 - see above

    return float(fdtri(above, below, part))


def f_tail(value: float, above: float, below: float) -> float:
    """Return the probability that F lies above ``value``."""
    from scipy.special import fdtrc  # noqa: PLC0415 - see above

    return float(fdtrc(above, below, value))
