"""Training: from the intermediate tables to coefficient tables, in the order of the arrows.

leases, known calls  ->  live curve, hours  ->  propensities
known calls          ->  geography, line types, taps, temperature
all calls            ->  EM: curves of every class, null rates, null marks
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.artifacts import (
    COEFFICIENT_COLUMNS,
    MatcherModel,
    round_coefficients,
    training_version,
)
from ml.matching.calibration import fit_temperature
from ml.matching.cells import cell_weights, tap_multipliers, weigh_calls
from ml.matching.coefficients import (
    FittedMarks,
    hazard_table,
    hour_table,
    lost_table,
    mark_tables,
    null_tables,
)
from ml.matching.delays import FIT_BINS_PER_OCTAVE, bin_edges, bin_sql
from ml.matching.drift import count_features
from ml.matching.em import EmFit, run_em
from ml.matching.evaluation import (
    TEMPERATURE_FOLDS,
    fold_marks,
    hide_leases,
    put_hidden_calls,
)
from ml.matching.exposure import class_exposure, live_exposure
from ml.matching.features import build_features
from ml.matching.geography import area_code_shares, fit_geography, level_shares
from ml.matching.hazard import DelayCurves
from ml.matching.known import (
    DataWindow,
    LiveCurve,
    build_known,
    build_lease_delays,
    count_live_rates,
    count_site_hours,
    data_window,
    hour_groups,
    hour_sites,
    hours_of_calls,
    put_hour_groups,
)
from ml.matching.labels import are_doubtful, keep_likely_labels, label_probabilities
from ml.matching.marks import (
    line_factors,
    line_type_shares,
    mark_index,
    mark_levels,
    put_area_factors,
    put_places,
    tap_shares,
)
from ml.matching.null_rate import NullCounter, UnlabelledCalls
from ml.matching.pair_calls import put_pair_calls
from ml.matching.pairs import put_pair_touches
from ml.matching.propensity import apply_propensities, learn_propensities
from ml.matching.reach import build_reach, learn_campaign_sites
from ml.matching.settings import CODE_VERSION, MatcherSettings
from ml.matching.thinning import Thinning, choose_thinning, is_sampled_sql, thin_old_touches
from ml.sql import Sql, put_table


@dataclass(frozen=True)
class _Data:
    """What every step of one training reads."""

    sql: Sql
    settings: MatcherSettings
    window: DataWindow
    edges: np.ndarray
    known: pd.DataFrame
    places: pd.DataFrame


@dataclass(frozen=True)
class _Hours:
    """Factors of the hours by site, and the share of clicks in each hour."""

    factors: np.ndarray
    sites: list[str]
    clicks: np.ndarray


def train_matcher(sql: Sql, settings: MatcherSettings | None = None) -> MatcherModel:
    """Fit the matcher to what lies in schema intermediate.

    Parameters
    ----------
    sql : Sql
        A warehouse with int_touches, int_calls_to_match, int_known_calls, int_numbers_shown,
        int_number_leases and int_evidence_reliability, each possibly empty.
    settings : MatcherSettings, optional
        The defaults when not given.

    Returns
    -------
    MatcherModel
        The same for the same rows, settings and code.
    """
    settings = settings or MatcherSettings()
    build_features(sql, settings)
    window = data_window(sql)
    # Small matrices: threads cost more than they save, and add in an order of their own.
    with threadpool_limits(limits=1):
        tables, facts = _fit(sql, settings, window)
    complete = {
        name: round_coefficients(tables[name][list(columns)])
        for name, columns in COEFFICIENT_COLUMNS.items()
    }
    facts |= {
        "data_from": pd.Timestamp(window.start_second, unit="s"),
        "data_to": window.end,
        "code_version": CODE_VERSION,
        "settings": settings.as_text(),
    }
    return MatcherModel(training_version(sql, settings), facts, complete)


@dataclass(frozen=True)
class _Parts:
    """What one fit learns, and the calls that it learned it from."""

    factors: pd.DataFrame
    hours: _Hours
    marks: FittedMarks
    thinning: Thinning
    calls: pd.DataFrame
    seconds: np.ndarray
    fit: EmFit


def _fit(
    sql: Sql, settings: MatcherSettings, window: DataWindow
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Fit every part and return the coefficient tables and the counts of calls."""
    campaign_sites = learn_campaign_sites(sql)
    build_reach(sql, campaign_sites)
    edges = bin_edges(settings.lookback_seconds, FIT_BINS_PER_OCTAVE)
    known = build_known(sql, edges)
    parts = _fit_parts(sql, settings, window, edges, known)
    labels = label_probabilities(known, parts.calls, parts.fit)
    if are_doubtful(labels):
        kept = keep_likely_labels(sql, known, labels)
        parts = _fit_parts(sql, settings, window, edges, kept)
    marks, thinning, hours = parts.marks, parts.thinning, parts.hours
    tables = {
        "hazard_rates": hazard_table(parts.fit, settings),
        "touch_factors": parts.factors,
        "hour_factors": hour_table(hours.factors, hours.sites),
        "lost_shares": lost_table(parts.fit, parts.seconds, thinning.class_shares),
        "campaign_sites": campaign_sites,
        "click_hours": pd.DataFrame({"hour": range(24), "share": hours.clicks}),
        "evidence_reliability": _measured_reliability(sql),
        "feature_counts": count_features(sql, settings, pd.Timestamp(0), window.end),
        **mark_tables(marks),
        **null_tables(parts.fit, marks.levels),
    }
    calls = sql.frame("select count(*) as calls from matcher_calls where not is_spam")["calls"]
    return tables, {"calls_known": len(known), "calls_lost": int(calls[0]) - len(known)}


def _fit_parts(
    sql: Sql, settings: MatcherSettings, window: DataWindow, edges: np.ndarray, known: pd.DataFrame
) -> _Parts:
    """Fit everything that the known calls have a say in; matcher_known holds the same calls."""
    put_hour_groups(sql, [])
    curve = count_live_rates(known, live_exposure(sql, window.end_second, edges), edges)
    factors = _fit_propensities(sql, curve, window)
    hours = _fit_hours(sql, known, curve)
    places = put_places(sql, fit_geography(known).cities)
    put_pair_touches(sql, settings.lookback_days)
    data = _Data(sql, settings, window, edges, known, places)
    marks = _fit_marks(data, curve)
    thinning = choose_thinning(sql, settings.lookback_days)
    calls = _unlabelled_calls(data, marks, hours, thinning)
    fit, seconds = _fit_unlabelled(data, marks, hours, thinning, calls)
    return _Parts(factors, hours, marks, thinning, calls, seconds, fit)


def _measured_reliability(sql: Sql) -> pd.DataFrame:
    """Return how often each kind of evidence was right: counted in SQL, kept with the model.

    It is a coefficient like the others: measured anew every day it would change the credits of
    all calls a little every day.
    """
    return sql.frame("""
        select attribution_method, evidence_kind, trials, agreements, reliability
        from intermediate.int_evidence_reliability
        order by attribution_method, evidence_kind
    """)


def _fit_propensities(sql: Sql, curve: LiveCurve, window: DataWindow) -> pd.DataFrame:
    last = len(curve.edges) - 2
    bins = (
        f"least({bin_sql(delay, FIT_BINS_PER_OCTAVE)}, {last})"
        for delay in ("delay_from", "delay_to")
    )
    build_lease_delays(sql, window.end_second, *bins)
    put_table(sql, "matcher_hour_factors", pd.DataFrame({"hour": range(24), "factor": curve.hours}))
    factors = round_coefficients(learn_propensities(sql, curve.rates, curve.edges))
    apply_propensities(sql, factors)
    return factors


def _fit_hours(sql: Sql, known: pd.DataFrame, curve: LiveCurve) -> _Hours:
    sites = hour_sites(known)
    put_hour_groups(sql, sites)
    counts = sql.frame("""
        select touch_hour, count(*) as touches from matcher_touches
        where not is_day_only group by touch_hour
    """)
    clicks = np.full(24, 1.0)
    clicks[counts["touch_hour"].to_numpy(dtype=int)] += counts["touches"].to_numpy(dtype=float)
    factors = count_site_hours(sql, known, curve.hours, sites)
    return _Hours(factors, sites, clicks / clicks.sum())


def _fit_marks(data: _Data, curve: LiveCurve) -> FittedMarks:
    geography = fit_geography(data.known)
    levels = mark_levels(data.sql)
    lines = line_type_shares(data.known, levels.line_types)
    octaves = int(np.ceil(np.log2(data.edges[-1] + 1.0)))
    marks = fold_marks(data.known, data.places, levels, lines, TEMPERATURE_FOLDS)
    put_hidden_calls(data.sql)
    temperature = fit_temperature(hide_leases(data.sql, curve, marks, data.window.days))
    return FittedMarks(geography, levels, lines, tap_shares(data.known, octaves), temperature)


def _unlabelled_calls(
    data: _Data, marks: FittedMarks, hours: _Hours, thinning: Thinning
) -> pd.DataFrame:
    """Return the calls that take part in the fit, with their marks as indices."""
    calls = data.sql.frame(
        "select * from matcher_calls "
        f"where not is_spam and {is_sampled_sql(thinning.share)} order by call_index"
    )
    return calls.assign(
        place_key=calls["match_kind"] + "|" + calls["place"],
        area_index=mark_index(calls["area_code"], marks.levels.area_codes),
        line_index=mark_index(calls["line_type"], marks.levels.line_types),
        is_tapped=calls["tap_touch_index"].notna(),
        hour_factor=hours_of_calls(calls, hours.factors, hours.sites),
        scale=1.0,
    )


def _fit_unlabelled(
    data: _Data, marks: FittedMarks, hours: _Hours, thinning: Thinning, calls: pd.DataFrame
) -> tuple[EmFit, np.ndarray]:
    """Return the fit and the seconds at risk of the share of calls that each class takes.

    Without temperature: the shares of marks must add up to what the calls show, or nobody is
    blamed for the difference.
    """
    sql, levels, share = data.sql, marks.levels, thinning.share
    areas = area_code_shares(marks.geography, data.places, levels.area_codes)
    put_area_factors(sql, areas, levels, 1.0)
    put_pair_calls(sql, calls, data.settings)
    if thinning.is_needed:
        thin_old_touches(sql)
    weights = cell_weights(sql, data.settings, len(data.places), data.edges, hours.clicks)
    taps = tap_multipliers(marks.taps, data.edges)
    weights = weigh_calls(weights, calls, taps, line_factors(marks.lines, levels, 1.0))
    seconds = class_exposure(sql, data.window.end_second, data.edges, hours.clicks, hours.factors)
    seconds = seconds * thinning.class_shares[:, None, None]
    homes = level_shares(marks.geography, data.places, levels.area_codes)
    groups = hour_groups(calls["site"], hours.sites)
    days = data.window.days * np.where(calls["match_kind"] == "fallback", share, 1.0)
    fit = run_em(
        UnlabelledCalls(calls, weights),
        seconds,
        DelayCurves(data.edges).start(),
        NullCounter(calls, days, homes, len(levels.line_types), hours.factors[groups]),
        data.settings.iterations,
    )
    return fit, seconds
