"""Champion and challenger: whether a model just fitted takes the place of the one in use.

Both are asked the same hidden calls (`ml.matching.self_check`), area codes counted anew for both.
The challenger is turned down when it is worse: when its log-loss is higher by more than the
standard error of the paired difference, or its calibration leaves its bound further than that of
the champion. A model of other code or settings cannot score any more and gives way.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.calibration import group_temperature_gain
from ml.matching.coefficients import temperature_of
from ml.matching.evaluation import FIGURE_FOLDS, TEMPERATURE_FOLDS
from ml.matching.measures import (
    ECE_BOUND,
    answer_calls,
    judge_calibration,
    log_losses,
    measure,
)
from ml.matching.promotion import can_score
from ml.matching.self_check import hidden_calls, judged_answers, put_judged_calls
from ml.matching.settings import MatcherSettings
from ml.sql import Sql

FEWEST_CALLS_COMPARED = 30
"""Hidden calls below which the newer model is promoted: it knows more than one of fewer calls."""


@dataclass(frozen=True)
class Decision:
    """What became of a model just fitted, and why.

    Attributes
    ----------
    is_promoted : bool
    decision_reason : str
    champion_version : str or None
        The model in use until then, if it could be asked.
    judged_calls : int
        Hidden calls that both were asked.
    log_loss, champion_log_loss : float or None
        In nat a call; None without calls, or without a champion.
    log_loss_difference, log_loss_difference_error : float or None
        Challenger less champion, paired by call, and its standard error.
    ece_excess : float
        Of the challenger; 0 with too few calls.
    site_temperature_gain, line_type_temperature_gain : float
        What temperatures by group would gain, in nat a call that they have not seen.
    """

    is_promoted: bool
    decision_reason: str
    champion_version: str | None = None
    judged_calls: int = 0
    log_loss: float | None = None
    champion_log_loss: float | None = None
    log_loss_difference: float | None = None
    log_loss_difference_error: float | None = None
    ece_excess: float = 0.0
    site_temperature_gain: float = 0.0
    line_type_temperature_gain: float = 0.0


def judge_challenger(
    sql: Sql, champion: MatcherModel | None, challenger: MatcherModel, settings: MatcherSettings
) -> Decision:
    """Decide whether the challenger comes into use.

    Parameters
    ----------
    sql : Sql
        A warehouse with the tables that `train_matcher` reads.
    champion : MatcherModel or None
        The model in use.
    challenger : MatcherModel
        Just fitted.
    settings : MatcherSettings
    """
    put_judged_calls(sql, settings)
    rival = champion if champion is not None and can_score(champion, settings) else None
    temperature = temperature_of(challenger)
    testing = hidden_calls(sql, challenger, FIGURE_FOLDS)
    fitting = hidden_calls(sql, challenger, TEMPERATURE_FOLDS)
    facts = compare_answers(
        answer_calls(testing, temperature), None if rival is None else judged_answers(sql, rival)
    )
    gains = {
        f"{column}_temperature_gain": group_temperature_gain(fitting, testing, temperature, column)
        for column in ("site", "line_type")
    }
    if champion is None:
        facts |= {"is_promoted": True, "decision_reason": "no model was in use"}
    elif rival is None:
        facts |= {"is_promoted": True, "decision_reason": "the model in use is of other code"}
    version = None if rival is None else rival.model_version
    return Decision(champion_version=version, **facts, **gains)  # type: ignore[arg-type]


def compare_answers(challenger: pd.DataFrame, champion: pd.DataFrame | None) -> dict[str, object]:
    """Return the figures of a `Decision`, and the decision itself.

    Parameters
    ----------
    challenger, champion : DataFrame
        From `ml.matching.measures.answer_calls`, the same calls in the same order; no champion
        makes no comparison.
    """
    losses, count = log_losses(challenger), len(challenger)
    excess = judge_calibration(measure(challenger)).excess
    facts: dict[str, object] = {"judged_calls": count, "ece_excess": excess}
    if count:
        facts["log_loss"] = float(losses.mean())
    if champion is None or count < FEWEST_CALLS_COMPARED:
        reason = f"{count} hidden calls are too few to compare models on"
        return facts | {"is_promoted": True, "decision_reason": reason}
    differences = losses - log_losses(champion)
    mean = float(differences.mean())
    error = float(differences.std(ddof=1) / np.sqrt(count))
    champion_excess = judge_calibration(measure(champion)).excess
    reason = f"log-loss {mean:+.4f} nat a call, standard error {error:.4f}"
    is_worse = mean > error
    if not is_worse and excess > max(ECE_BOUND, champion_excess):
        is_worse = True
        reason = f"ECE excess {excess:.4f} against {champion_excess:.4f}, bound {ECE_BOUND}"
    return facts | {
        "is_promoted": not is_worse,
        "decision_reason": reason,
        "champion_log_loss": float(log_losses(champion).mean()),
        "log_loss_difference": mean,
        "log_loss_difference_error": error,
    }
