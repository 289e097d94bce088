"""Tests of ingestion.simulate: the same bytes, the contract, the leases, and an honest oracle."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ingestion.simulate import SimulationSummary, World, simulate
from ingestion.simulate.catalog import build_catalog
from ingestion.simulate.leases import OVERFLOW
from ingestion.simulate.places import AreaMix, load_places
from ingestion.simulate.simulation import Simulation, run_world
from ingestion.simulate.worlds import HARD_WORLDS, redrawn

SEED = 11
E164 = r"^\+[0-9]{8,15}$"

REQUIRED = {
    "cdr": "call_id provider started_at to_number direction status duration_seconds updated_at",
    "web_events": "event_id event_type occurred_at received_at visitor_id page_url",
    "ad_clicks": "platform click_id click_id_type click_date account_id campaign_id",
    "ad_spend": "platform account_id spend_date campaign_id updated_at",
    "call_outcomes": "call_id outcome occurred_at updated_at",
    "platform_calls": "platform platform_call_id",
    "tracking_numbers": "tracking_number kind valid_from updated_at",
    "buyers": "buyer_id updated_at",
}
RULES = {
    "cdr": f"""status in ('completed', 'no-answer', 'busy', 'failed', 'canceled')
        and direction = 'inbound' and regexp_matches(to_number, '{E164}')
        and duration_seconds::bigint >= 0
        and coalesce(talk_seconds::bigint, 0) <= duration_seconds::bigint
        and (mos is null or mos::double between 1 and 5)
        and try_cast(started_at as timestamptz) is not null
        and coalesce(ended_at::timestamptz >= try_cast(started_at as timestamptz), true)""",
    "web_events": f"""
        event_type in ('page_view', 'number_shown', 'number_clicked', 'form_submit', 'ping')
        and (tracking_number is null or regexp_matches(tracking_number, '{E164}'))
        and (form_phone is null or regexp_matches(form_phone, '{E164}'))
        and (event_type not like 'number_%' or tracking_number is not null)
        and (device_type is null or device_type in ('mobile', 'desktop', 'tablet'))
        and try_cast(occurred_at as timestamptz) <= try_cast(received_at as timestamptz)""",
    "ad_clicks": """click_id_type in ('gclid', 'msclkid') and (clicked_at is null)
        = (platform = 'google_ads') and try_cast(click_date as date) is not null
        and device in ('mobile', 'desktop', 'tablet') and click_type in ('url', 'call')""",
    "ad_spend": """try_cast(cost as decimal(18, 6)) >= 0 and try_cast(clicks as bigint) >= 0
        and try_cast(impressions as bigint) >= 0 and try_cast(spend_date as date) is not null""",
    "call_outcomes": """outcome in ('qualified', 'disqualified', 'duplicate', 'sale', 'refund')
        and (outcome <> 'refund' or revenue::double <= 0)""",
    "platform_calls": "duration_seconds::bigint >= 0",
    "tracking_numbers": f"""kind in ('pool', 'static', 'call_asset', 'fallback')
        and regexp_matches(tracking_number, '{E164}') and (kind = 'pool') = (pool_id is not null)
        and (kind <> 'fallback' or site is not null)
        and (kind not in ('static', 'call_asset') or channel is not null)""",
    "buyers": "payout::double > 0 and min_talk_seconds::bigint > 0",
}
KEYS = {
    "cdr": "call_id, updated_at",
    "web_events": "event_id",
    "ad_clicks": "platform, click_id",
    "ad_spend": (
        "platform, account_id, spend_date, campaign_id, ad_group_id, keyword_id, device, updated_at"
    ),
    "call_outcomes": "call_id, outcome, updated_at",
    "platform_calls": "platform, platform_call_id",
    "tracking_numbers": "tracking_number, valid_from, updated_at",
    "buyers": "buyer_id",
}
DIRTY_FEEDS = {"cdr", "web_events", "ad_clicks", "ad_spend", "call_outcomes"}

LEASES_SQL = """
    create or replace table leases as
    with events as (
        select distinct visitor_id, try_cast(occurred_at as timestamptz) as event_at,
            event_type, tracking_number, pool_id
        from web_events
        where event_id is not null and event_at is not null
            and coalesce(tracking_number, '+') like '+%' and event_type <> 'pageview'
    ),
    gaps as (
        select *, event_at - lag(event_at) over (partition by visitor_id order by event_at)
            > interval 30 minutes as starts
        from events
    ),
    sessions as (
        select *, count(*) filter (starts) over (
            partition by visitor_id order by event_at range unbounded preceding) as session
        from gaps
    )
    select visitor_id, max(tracking_number) as number,
        min(event_at) filter (event_type = 'number_shown' and pool_id is not null) as start_at,
        max(event_at) + interval 30 minutes as end_at, min(event_at) as session_at
    from sessions group by visitor_id, session having start_at is not null
"""


@dataclass(frozen=True)
class Simulated:
    """A written landing folder, its feeds as all-text tables, and the arrays behind it."""

    root: Path
    summary: SimulationSummary
    connection: duckdb.DuckDBPyConnection
    drawn: Simulation

    def value(self, sql: str) -> float:
        row = self.connection.execute(sql).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    root = tmp_path_factory.mktemp("simulate") / "landing"
    shape = {"days": 14, "clicks_per_day": 1500, "seed": SEED}
    summary = simulate(root, **shape)
    drawn = run_world(build_catalog(World(), **shape))
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for feed in REQUIRED:
            connection.execute(f"create table {feed} as {_read_sql(root / feed)}")
        connection.execute(f"create table truth as from '{root / 'truth.parquet'}'")
        yield Simulated(root, summary, connection, drawn)


def _read_sql(folder: Path) -> str:
    """All files of a feed as text; lines that are no JSON are left out."""
    suffixes = sorted({"".join(path.suffixes) for path in folder.rglob("*.*") if path.is_file()})
    readers = {
        "jsonl": "read_json('{}', format = 'newline_delimited', ignore_errors = true, "
        "sample_size = -1)",
        "csv": "read_csv('{}', all_varchar = true, nullstr = '')",
        "parquet": "read_parquet('{}')",
    }
    parts = [
        f"select columns(*)::varchar, '{suffix}' as suffix from "
        + readers[suffix.split(".")[1]].format(folder / f"**/*{suffix}")
        for suffix in suffixes
    ]
    return " union all by name ".join(parts)


def _digest(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        simulate(tmp_path / name, days=3, clicks_per_day=200, seed=seed)

    one, two, three = (_digest(tmp_path / name) for name in ("one", "two", "three"))

    assert one == two
    assert one["truth.parquet"] != three["truth.parquet"]
    assert not list(tmp_path.glob(".*")), "the partial folder is gone"


def test_simulate_refuses_a_folder_that_holds_a_feed(tmp_path: Path) -> None:
    (tmp_path / "cdr").mkdir()

    with pytest.raises(ValueError, match="already holds cdr"):
        simulate(tmp_path, days=1, clicks_per_day=10)


def test_simulate_keeps_other_files_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    summary = simulate(tmp_path, days=1, clicks_per_day=20)

    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert summary.truth == tmp_path / "truth.parquet"
    assert summary.truth.exists()


@pytest.mark.parametrize(("name", "value"), [("days", 0), ("clicks_per_day", -1)])
def test_simulate_refuses_sizes_below_one(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got {value}"):
        simulate(tmp_path, **{name: value})


@pytest.mark.parametrize("feed", REQUIRED)
def test_feed_obeys_the_contract_but_for_its_planted_bad_rows(
    simulated: Simulated, feed: str
) -> None:
    present = " and ".join(f"{field} is not null" for field in REQUIRED[feed].split())
    good = f"coalesce({present} and {RULES[feed]}, false)"
    simulated.connection.execute(f"create or replace view good as from {feed} where {good}")

    bad_share = simulated.value(f"select avg((not {good})::integer) from {feed}")
    keys = simulated.value(f"select count(distinct ({KEYS[feed]})) from good")
    contents = simulated.value("select count(*) from (select distinct * exclude suffix from good)")

    assert 0 < bad_share < 0.003 if feed in DIRTY_FEEDS else bad_share == 0
    assert keys == contents, "copies of a version are equal"
    if feed in DIRTY_FEEDS:
        repeated = 1 - keys / simulated.value("select count(*) from good")
        assert 0.005 < repeated < 0.02


def test_all_formats_of_the_contract_appear(simulated: Simulated) -> None:
    suffixes = {"".join(p.suffixes) for p in simulated.root.rglob("*/*.*") if p.is_file()}

    assert suffixes == {".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet"}


def test_every_call_has_its_truth_and_every_truth_its_call(simulated: Simulated) -> None:
    unmatched = simulated.value("""
        select count(*) from truth
        full join (select distinct call_id from cdr where call_id is not null) as calls
            using (call_id)
        where truth.call_id is null or calls.call_id is null
    """)

    assert unmatched == 0
    assert simulated.value("select count(*) from truth") == simulated.summary.calls


def test_late_versions_replace_earlier_ones(simulated: Simulated) -> None:
    share = simulated.value("""
        with versions as (
            select call_id, count(distinct updated_at) as versions,
                bool_or(ended_at is null) as was_open, arg_max(ended_at, updated_at) as ended_at
            from cdr where call_id is not null and started_at not like 'yest%' group by call_id
        )
        select avg((versions = 2 and was_open and ended_at is not null)::integer) from versions
    """)

    assert 0.01 < share < 0.06


def test_truth_knows_the_session_that_the_warehouse_will_build(simulated: Simulated) -> None:
    lost = simulated.value("""
        select count(*) from truth
        where true_session_start_at is not null and not exists (
            from web_events where event_type = 'page_view' and visitor_id = true_visitor_id
                and try_cast(occurred_at as timestamptz) = true_session_start_at::timestamptz
        )
    """)

    assert lost == 0


def test_live_lease_is_what_the_events_say(simulated: Simulated) -> None:
    """Leases from the events alone: first number_shown to 30 minutes after the last event."""
    simulated.connection.execute(LEASES_SQL)
    overlaps = simulated.value("""
        select count(*) from leases as one join leases as other on one.number = other.number
            and one.start_at < other.start_at and other.start_at < one.end_at
    """)
    wrong = simulated.value("""
        with held as (
            select call_id, live_lease, holder.visitor_id is not null
                and holder.session_at = true_session_start_at::timestamptz as is_live
            from truth
            left join leases as holder on holder.number = dialled_number
                and call_started_at::timestamptz >= start_at
                and call_started_at::timestamptz < end_at
                and holder.visitor_id = true_visitor_id
        )
        select count(*) from held where is_live <> live_lease
    """)

    assert overlaps == 0
    assert wrong == 0


def test_pool_gives_the_least_recently_used_free_number_and_overflows_only_when_empty() -> None:
    starved = replace(World(), pools=replace(World().pools, numbers_per_session=0.7))
    drawn = run_world(build_catalog(starved, seed=5, days=2, clicks_per_day=400))
    overflows = 0
    for site, pool_size in enumerate(drawn.catalog.pool_sizes.tolist()):
        rows = np.flatnonzero((drawn.sessions["site"] == site) & ~drawn.sessions["is_bot"])
        rows = rows[np.argsort(drawn.sessions["shown"][rows], kind="stable")]
        ends = np.full(pool_size, -1)
        for row in rows:
            start, slot = drawn.sessions["shown"][row], drawn.sessions["slot"][row]
            if slot == OVERFLOW:
                overflows += 1
                assert (ends > start).all()
            else:
                assert ends[slot] <= start
                assert ends[slot] == ends.min()
                ends[slot] = drawn.sessions["lease_end"][row]

    assert overflows > 0


def test_default_world_loses_calls_as_an_agency_does(simulated: Simulated) -> None:
    calls = "from truth where true_kind <> 'robocall'"
    outside = simulated.value(
        f"select avg((not live_lease)::integer) {calls} and match_kind = 'pool'"
    )
    lost = simulated.value(f"select avg((match_kind = 'fallback')::integer) {calls}")
    nobody = simulated.value(
        f"select avg((true_kind = 'null')::integer) {calls} and match_kind = 'fallback'"
    )
    overflow = np.mean(_slots(simulated) == OVERFLOW)

    assert 0.1 < outside < 0.28
    assert 0.17 < lost < 0.32
    assert 0.3 < nobody < 0.6
    assert 0.001 < overflow < 0.06


def _slots(simulated: Simulated) -> np.ndarray:
    return simulated.drawn.sessions["slot"][~simulated.drawn.sessions["is_bot"]]


@pytest.mark.parametrize("match_kind", ["fallback", "pool"])
def test_oracle_is_right_as_often_as_it_says(simulated: Simulated, match_kind: str) -> None:
    outcomes = simulated.connection.execute(
        f"""
        with scored as (
            from truth where match_kind = '{match_kind}' and true_kind <> 'robocall'
        )
        select unnest(oracle).probability as said,
            unnest(oracle).visitor_id is not distinct from true_visitor_id
            and unnest(oracle).session_start_at is not distinct from true_session_start_at
            and unnest(oracle).click_id is not distinct from
                case when true_session_start_at is null then true_click_id
                    else unnest(oracle).click_id end
            and true_kind = 'web' as came
        from scored
        union all
        select oracle_null, true_kind = 'null' from scored
        """
    ).fetchnumpy()
    assert_calibrated(outcomes["said"], outcomes["came"].astype(float))


def test_oracle_of_pool_calls_is_right_about_visitors_as_often_as_it_says(
    simulated: Simulated,
) -> None:
    outcomes = simulated.connection.execute("""
        select unnest(oracle_visitors).probability as said,
            unnest(oracle_visitors).visitor_id is not distinct from true_visitor_id as came
        from truth where match_kind = 'pool' and true_kind <> 'robocall'
    """).fetchnumpy()

    assert_calibrated(outcomes["said"], outcomes["came"].astype(float))


def assert_calibrated(said: np.ndarray, came: np.ndarray) -> None:
    """What is said with some probability comes true as often, within four standard errors."""
    bins = np.digitize(said, [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    gaps = [abs(said[bins == b].sum() - came[bins == b].sum()) for b in np.unique(bins)]
    noise = [np.sqrt((said * (1 - said))[bins == b].sum()) for b in np.unique(bins)]

    assert all(gap < 4 * spread + 2 for gap, spread in zip(gaps, noise, strict=True))
    assert abs(said.sum() - came.sum()) < 4 * np.sqrt((said * (1 - said)).sum())


def test_oracle_sums_to_one_and_is_ordered(simulated: Simulated) -> None:
    off = simulated.value("""
        select max(abs(oracle_null + oracle_remainder
            + list_sum(list_transform(oracle, lambda c: c.probability)) - 1)) from truth
        where match_kind in ('pool', 'fallback') and true_kind <> 'robocall' and len(oracle) > 0
    """)
    unordered = simulated.value("""
        select count(*) from truth where list_transform(oracle, lambda c: c.probability)
            <> list_reverse_sort(list_transform(oracle, lambda c: c.probability))
    """)

    assert off < 1e-9
    assert unordered == 0


def test_a_visitor_who_was_shown_a_number_twice_is_one_answer_for_the_sum(
    simulated: Simulated,
) -> None:
    off = simulated.value("""
        with touches as (
            select call_id, unnest(oracle).visitor_id as visitor_id,
                unnest(oracle).probability as probability
            from truth where match_kind = 'pool'
        ),
        visitors as (
            select call_id, unnest(oracle_visitors).visitor_id as visitor_id,
                unnest(oracle_visitors).probability as probability
            from truth
        ),
        summed as (
            select call_id, visitor_id, sum(probability) as probability from touches group by all
        )
        select sum(abs(coalesce(summed.probability, 0) - coalesce(visitors.probability, 0)))
        from summed full join visitors using (call_id, visitor_id)
    """)

    assert off < 1e-9


def test_oracle_beats_the_latest_touch(simulated: Simulated) -> None:
    """On calls to fallback numbers that a touch made."""
    drawn = simulated.drawn
    fallback = drawn.numbers.frame["kind"][drawn.calls["number"]] == 3
    calls = np.flatnonzero(fallback & (drawn.calls["touch"] >= 0))
    order = np.argsort(drawn.touches["t"], kind="stable")
    hits = 0
    for site in range(len(drawn.catalog.world.sites)):
        touches = order[drawn.touches["site"][order] == site]
        rows = calls[drawn.calls["site"][calls] == site]
        latest = np.searchsorted(drawn.touches["t"][touches], drawn.calls["t"][rows]) - 1
        hits += int((touches[latest] == drawn.calls["touch"][rows]).sum())
    oracle = simulated.value("""
        select avg((
            oracle[1].visitor_id is not distinct from true_visitor_id
            and oracle[1].session_start_at is not distinct from true_session_start_at
            and (true_visitor_id is not null or oracle[1].click_id = true_click_id))::integer)
        from truth where match_kind = 'fallback' and true_kind = 'web'
    """)

    assert oracle > hits / len(calls) + 0.05


def test_google_click_ids_hold_what_real_ones_hold(simulated: Simulated) -> None:
    """Days of `Cj` ids are midnight Pacific in seconds; `EAI` ids hold the microsecond."""
    rows = simulated.connection.execute("""
        select click_id, click_date from ad_clicks
        where platform = 'google_ads' and click_id is not null and click_date is not null
            and try_cast(click_date as date) is not null
    """).fetchall()
    with_instant = [row for row in rows if row[0].startswith("EAIaIQobChMI")]
    with_day = [row for row in rows if row[0].startswith(("Cj0KCQ", "CjwKCA"))]

    assert len(with_instant) + len(with_day) == len(rows)
    assert 0.25 < len(with_instant) / len(rows) < 0.35
    for click_id, day in with_instant[:200]:
        micros = _varint_at(click_id, 9)
        near = abs(np.datetime64(micros, "us") - np.datetime64(f"{day}T18:00"))
        assert near < np.timedelta64(16, "h")
    for click_id, _ in with_day[:200]:
        assert _varint_at(click_id, 5) % 3600 == 0
        assert _varint_at(click_id, 5) // 3600 % 24 in (7, 8)


def _varint_at(click_id: str, offset: int) -> int:
    raw = base64.urlsafe_b64decode(click_id + "=" * (-len(click_id) % 4))[offset:]
    value = 0
    for place, byte in enumerate(raw):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return value


def test_area_codes_belong_to_one_state_and_their_probabilities_sum_to_one() -> None:
    places = load_places()

    shares = places.area_given_city(AreaMix())

    assert len(places.cities) >= 60
    assert len(set(places.states)) >= 35
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(places.cities)))


def test_a_redrawn_agency_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert redrawn(3) == redrawn(3)
    assert redrawn(3) != redrawn(4)


@pytest.mark.parametrize("name", HARD_WORLDS)
def test_oracle_stays_honest_in_worlds_that_break_the_model(tmp_path: Path, name: str) -> None:
    root = tmp_path / "landing"
    simulate(root, days=10, clicks_per_day=1000, seed=SEED, world=HARD_WORLDS[name])

    answers = duckdb.execute(
        """
        select
            oracle_null,
            true_kind <> 'web' as is_nobody,
            coalesce(oracle[1].probability, 0) as likeliest,
            oracle[1].visitor_id is not distinct from true_visitor_id
            and oracle[1].session_start_at is not distinct from true_session_start_at
            and (true_visitor_id is not null or oracle[1].click_id is not distinct from
                true_click_id)
            and true_kind = 'web' as is_likeliest
        from read_parquet($truth)
        where match_kind in ('fallback', 'pool') and true_kind <> 'robocall'
        """,
        {"truth": str(root / "truth.parquet")},
    ).fetchnumpy()

    assert_calibrated(answers["oracle_null"], answers["is_nobody"].astype(float))
    assert_calibrated(answers["likeliest"], answers["is_likeliest"].astype(float))
