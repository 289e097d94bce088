"""Tests of orchestration.explaining on a literal published copy: the reasons, and their words."""

import io
import math
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from ml.tables import LOG_FACTORS
from orchestration.explaining import ExplainRefused, Explanation, explain_call
from orchestration.explanation_report import print_explanation, times

SERVING = f"""
create schema marts;
create table marts.fct_calls as
select
    call_id, timestamp '2026-11-03 14:05:00' as call_started_at, '+15125550100' as to_number,
    channel, method as attribution_method, credit as attribution_confidence, '212' as
    caller_area_code, 'mobile' as line_type
from (values
    ('CA1', 'Paid Search', 'matcher', 0.8), ('CA2', 'Offline', 'static_number', 1.0)
) as calls(call_id, channel, method, credit);
create table marts.fct_call_explanations as
select
    'CA1' as call_id, *, 'pool' as match_kind, 'Paid Search' as channel, 'Brand' as campaign_name,
    '7' as campaign_id, null as click_id, 'mobile' as device, 'NY' as geo_region,
    'Brooklyn' as geo_city, date '2026-11-03' as click_date,
    {" + ".join(LOG_FACTORS)} as log_weight
from (values
    (1, false, 0.8::double, 'S1', 2, 'lapsed', 240.0,
        ln(0.001), 0, ln(1000), 0, ln(0.5), 0, 0, ln(6), 0, ln(1.04)),
    (2, true, 0.2, null, null, null, null, ln(0.001), 0, 0, 0, 0, 0, 0, ln(0.5), 0, 0)
) as answers(candidate_rank, is_null, probability, session_id, page_views, number_state,
    delay_seconds, {", ".join(LOG_FACTORS)});
"""


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "serving.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SERVING)
    return path


@pytest.fixture(scope="module")
def explanation(serving: Path) -> Explanation:
    return explain_call(serving, "CA1")


def test_reasons_compare_with_nobody_and_stand_by_their_strength(explanation: Explanation) -> None:
    (candidate,) = explanation.candidates

    assert [(factor.words, round(factor.odds, 6)) for factor in candidate.factors] == [
        ("called 4 minutes after the page", 1000),
        ("area code 212 from Brooklyn, NY", 12),
        ("2 pages seen", 0.5),
    ]
    assert candidate.name == "Paid Search, Brand, visit S1"
    assert explanation.nobody == 0.2


def test_odds_are_the_product_of_all_reasons_the_weak_ones_included(
    explanation: Explanation,
) -> None:
    (candidate,) = explanation.candidates

    assert candidate.odds == pytest.approx(1.04 * math.prod(f.odds for f in candidate.factors))


def test_a_certain_call_was_never_asked_about_and_an_unknown_one_is_not_there(
    serving: Path,
) -> None:
    with pytest.raises(ExplainRefused, match=r"CA2.*static_number \(Offline\), credit 100%"):
        explain_call(serving, "CA2")
    with pytest.raises(ExplainRefused, match="'CA3'"):
        explain_call(serving, "CA3")


def test_the_report_says_call_candidate_and_reasons(explanation: Explanation) -> None:
    written = io.StringIO()
    print_explanation(Console(width=110, file=written), explanation, limit=1)
    shown = " ".join(written.getvalue().split())

    assert "Call CA1 to +15125550100 on 2026-11-03 14:05 UTC: Paid Search, credit 80%" in shown
    assert "With probability 20.0% it came from none of these." in shown
    assert "80.0% Paid Search, Brand, visit S1" in shown
    assert "area code 212 from Brooklyn, NY 12.0" in shown


def test_the_report_says_how_many_candidates_it_does_not_show(explanation: Explanation) -> None:
    (candidate,) = explanation.candidates
    many = replace(explanation, candidates=[candidate] + 3 * [replace(candidate, probability=0.01)])
    written = io.StringIO()
    print_explanation(Console(width=110, file=written), many, limit=2)

    assert written.getvalue().count("visit S1") == 2
    assert "2 more candidates have 2.0% together" in written.getvalue()


@pytest.mark.parametrize(
    ("odds", "shown"),
    [(0.0004, "1/2,500"), (0.012345, "0.0123"), (6.1, "6.10"), (12345.6, "12,346")],
)
def test_times_has_three_digits_and_small_ones_are_fractions(odds: float, shown: str) -> None:
    assert times(odds) == shown
