"""Tests of doubtful labels: calls to a live lease that an earlier visitor of the number made."""

import numpy as np
import pandas as pd
import pytest

from ml.matching.labels import are_doubtful, keep_likely_labels
from ml.matching.matcher import train_matcher
from tests.ml.worlds import DuckSql, Law, World, load_tables, make_world

STARVED = Law(days=7, touches=4000, call_rate=0.2, pool_numbers=12, saved_number_share=0.7)


def known_calls(count: int) -> pd.DataFrame:
    index = np.arange(count)
    return pd.DataFrame({"call_index": index, "call_id": [f"C{i}" for i in index]})


def put_known(known: pd.DataFrame) -> DuckSql:
    sql = load_tables({})
    sql.register("known_rows", known)
    sql.execute("create temp table matcher_known as from known_rows")
    return sql


def test_labels_are_kept_as_often_as_they_are_right() -> None:
    known = known_calls(4000)
    probability = np.repeat([0.0, 0.25, 0.9, 1.0], 1000)
    labels = pd.DataFrame({"call_index": known["call_index"], "probability": probability})
    sql = put_known(known)
    kept = keep_likely_labels(sql, known, labels)["call_index"]

    shares = np.bincount(kept // 1000, minlength=4) / 1000
    # Four standard errors of a share of a thousand.
    assert shares == pytest.approx([0.0, 0.25, 0.9, 1.0], abs=4 * 0.5 / 1000**0.5)
    assert shares[[0, 3]].tolist() == [0.0, 1.0]
    assert sorted(sql.frame("select * from matcher_known")["call_index"]) == sorted(kept)


def test_one_wrong_label_in_a_hundred_is_no_reason_for_a_second_fit() -> None:
    labels = pd.DataFrame({"call_index": np.arange(100), "probability": 0.99})

    assert not are_doubtful(labels)


def wrong_share(world: World, call_ids: pd.Series) -> float:
    calls = world.calls.assign(call_id=world.tables["int_calls_to_match"]["call_id"])
    labelled = calls[calls["call_id"].isin(call_ids)]
    return float((labelled["live"] != labelled["source"]).mean())


def test_a_starved_pool_is_learned_from_labels_that_are_mostly_right() -> None:
    world = make_world(STARVED, seed=5)
    sql = load_tables(world.tables)
    model = train_matcher(sql)
    labels = world.tables["int_known_calls"]["call_id"]
    kept = sql.frame("select call_id from matcher_known")["call_id"]

    assert wrong_share(world, labels) > 0.1
    assert wrong_share(world, kept) < 0.75 * wrong_share(world, labels)
    assert model.facts["calls_known"] == len(labels)
