"""Tests of ml.matching.champion: when a model just fitted takes the place of the one in use."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from ml.artifacts import MatcherModel, read_model, training_version, write_model
from ml.matching.champion import compare_answers, judge_challenger
from ml.matching.matcher import train_matcher
from ml.matching.promotion import refit_reason
from ml.matching.self_check import evaluate_matcher
from ml.matching.settings import MatcherSettings
from ml.metrics import read_metrics, write_metrics
from ml.model_card import model_card
from tests.ml.worlds import DuckSql, Law, load_tables, make_world

SETTINGS = MatcherSettings()
NOW = pd.Timestamp("2026-11-23 12:00:00")


def make_answers(truth: list[float], top: float = 0.7) -> pd.DataFrame:
    """As from `answer_calls`: what each call's true answer got."""
    count = len(truth)
    return pd.DataFrame(
        {
            "call_id": [f"c{number}" for number in range(count)],
            **dict.fromkeys(("site", "line_type", "hour_block", "top_device", "band"), "x"),
            "top_probability": top,
            "is_right": np.arange(count) % 10 < 7,
            "truth": truth,
            "squares": 0.5,
            "null": 0.1,
            "is_struck": False,
        }
    )


@pytest.mark.parametrize(
    ("challenger", "champion", "is_promoted"),
    [
        pytest.param([0.6, 0.7, 0.5], [0.5, 0.6, 0.5], True, id="better"),
        pytest.param([0.6, 0.7, 0.5], [0.6, 0.7, 0.5], True, id="the same"),
        pytest.param([0.5, 0.6, 0.4], [0.6, 0.7, 0.5], False, id="worse on every call"),
        pytest.param([0.7, 0.2, 0.5], [0.5, 0.3, 0.5], True, id="worse by less than the error"),
    ],
)
def test_a_challenger_that_is_worse_beyond_the_error_is_turned_down(
    challenger: list[float], champion: list[float], is_promoted: bool
) -> None:
    facts = compare_answers(make_answers(challenger * 20), make_answers(champion * 20))

    assert facts["is_promoted"] is is_promoted
    assert "log-loss" in str(facts["decision_reason"])


def test_a_handful_of_calls_turns_nobody_down() -> None:
    facts = compare_answers(make_answers([0.4] * 29), make_answers([0.6] * 29))

    assert facts["is_promoted"] is True
    assert facts["decision_reason"] == "29 hidden calls are too few to compare models on"


def test_an_empty_warehouse_promotes_its_first_model() -> None:
    empty = load_tables({})
    decision = judge_challenger(empty, None, train_matcher(empty, SETTINGS), SETTINGS)

    assert decision.is_promoted
    assert decision.judged_calls == 0


def test_a_challenger_that_leaves_the_calibration_bound_is_turned_down() -> None:
    truth = [0.6] * 800
    facts = compare_answers(make_answers(truth, top=0.9), make_answers(truth))

    assert facts["is_promoted"] is False
    assert "ECE" in str(facts["decision_reason"])


def test_an_error_that_the_champion_makes_too_turns_nobody_down() -> None:
    truth = [0.6] * 800
    sure = make_answers(truth, top=0.9)

    assert compare_answers(sure, sure)["is_promoted"] is True


@pytest.fixture(scope="module")
def sql() -> DuckSql:
    return load_tables(make_world(Law(days=7, touches=6000, call_rate=0.3), seed=5).tables)


@pytest.fixture(scope="module")
def champion(sql: DuckSql) -> MatcherModel:
    model = train_matcher(sql, SETTINGS)
    write_model(sql, model, NOW, asdict(judge_challenger(sql, None, model, SETTINGS)))
    return model


@pytest.fixture(scope="module")
def spoilt(champion: MatcherModel) -> MatcherModel:
    """A later model that lost its geography to too high a temperature."""
    temperatures = champion.tables["temperatures"].assign(temperature=4.0)
    facts = champion.facts | {"data_to": pd.Timestamp(str(champion.facts["data_to"])) + DAY}
    return MatcherModel("matcher-spoilt", facts, champion.tables | {"temperatures": temperatures})


DAY = pd.Timedelta(days=1)


def test_the_first_model_is_promoted(sql: DuckSql, champion: MatcherModel) -> None:
    (row,) = sql.frame("select * from ml.model_versions").to_dict("records")

    assert row["is_current"]
    assert row["decision_reason"] == "no model was in use"
    assert row["judged_calls"] > 100
    assert row["log_loss"] > 0


def test_a_model_turned_down_is_kept_with_the_reason_and_not_used(
    sql: DuckSql, champion: MatcherModel, spoilt: MatcherModel
) -> None:
    decision = judge_challenger(sql, champion, spoilt, SETTINGS)
    write_model(sql, spoilt, NOW + DAY, asdict(decision))
    in_use, kept = read_model(sql), read_model(sql, "matcher-spoilt")
    row = sql.frame("select * from ml.model_versions where not is_promoted").iloc[0]

    assert in_use is not None
    assert in_use.model_version == champion.model_version
    assert kept is not None
    assert kept.tables["temperatures"]["temperature"].tolist() == [4.0, 4.0]
    assert row["champion_version"] == champion.model_version
    assert row["log_loss_difference"] > row["log_loss_difference_error"] > 0
    assert pd.isna(row["promoted_at"])


def test_a_model_of_other_settings_gives_way_without_a_comparison(
    sql: DuckSql, champion: MatcherModel, spoilt: MatcherModel
) -> None:
    decision = judge_challenger(sql, champion, spoilt, replace(SETTINGS, refit_days=3))

    assert decision.is_promoted
    assert decision.champion_version is None


def test_rows_that_were_fitted_once_are_not_fitted_again(
    sql: DuckSql, champion: MatcherModel
) -> None:
    assert champion.model_version == training_version(sql, SETTINGS)
    assert refit_reason(sql, champion, SETTINGS, is_built_anew=True) is None
    sql.execute("begin; delete from intermediate.int_calls_to_match where call_id = 'C000000'")
    assert refit_reason(sql, champion, SETTINGS, is_built_anew=True) == "everything was built anew"
    sql.execute("rollback")


def test_every_state_of_the_data_is_measured_once_and_earlier_ones_stay(
    sql: DuckSql, champion: MatcherModel
) -> None:
    metrics = evaluate_matcher(sql, champion, SETTINGS)
    for hours, version in ((0, "d1"), (1, "d1"), (2, "d2")):
        moment = NOW + pd.Timedelta(hours=hours)
        write_metrics(sql, metrics.assign(data_version=version), moment)
    found = sql.frame(
        "select distinct data_version, measured_at from ml.matcher_metrics order by 1"
    )

    assert found["data_version"].tolist() == ["d1", "d2"]
    assert found["measured_at"].tolist() == [NOW + pd.Timedelta(hours=hour) for hour in (1, 2)]
    assert len(read_metrics(sql, champion.model_version)) == len(metrics)
    assert read_metrics(sql, champion.model_version, "d3").empty


def test_the_card_tells_data_decision_and_figures(sql: DuckSql, champion: MatcherModel) -> None:
    write_metrics(sql, evaluate_matcher(sql, champion, SETTINGS), NOW)
    card = model_card(sql)

    assert card.startswith(f"# Matcher `{champion.model_version}`")
    assert "| decision_reason | no model was in use |" in card
    assert "| overall | " in card
    with pytest.raises(ValueError, match="matcher-none"):
        model_card(sql, "matcher-none")
