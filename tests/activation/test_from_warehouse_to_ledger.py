"""From landed files to the ledger and back: what is planned, what a later file makes of it.

A small world is built, planned and sent to platforms of a few lines; then refunds and a corrected
call land, and the next run has to take the right step for each of them.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from activation.uploads import Limits
from ingestion.contracts import LANDING_FEEDS
from ingestion.forgetting import erase_caller
from ingestion.phone_numbers import Caller
from orchestration.resources.warehouse import Warehouse
from tests.activation.candidates import ADJUSTABLE, FINAL
from tests.activation.installation import CLOCK, PLATFORMS, SmallUploads
from tests.activation.platforms import SmallPlatform
from tests.builds import Build
from tests.warehouse import query

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

GOOGLE, META = "google_data_manager", "meta_conversions"


class World:
    """A built warehouse with its ledger, and what happens to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.build = Build(folder)

    def upload(self, *, is_armed: bool) -> dict[str, dict[str, Any]]:
        """Plan, send, read back and load the states; return each asset's metadata."""
        from orchestration.defs.activation.assets import (  # noqa: PLC0415
            upload_plan,
            upload_states,
            uploads_to_platforms,
        )

        result = dg.materialize(
            [upload_plan, uploads_to_platforms, upload_states],
            resources={
                "warehouse": Warehouse(path=str(self.build.warehouse)),
                "uploads": SmallUploads(folder=str(self.folder), is_armed=is_armed),
            },
        )
        assert all(check.passed for check in result.get_asset_check_evaluations())
        return {
            event.asset_key.path[-1]: {
                name: value.value
                for name, value in event.step_materialization_data.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
        }

    def query(self, sql: str) -> list[tuple]:
        return query(self.build.warehouse, sql)

    def states(self, *calls: str) -> dict[str, tuple]:
        """State, reason, value and generation of the calls' confirmed or once confirmed rows."""
        rows = self.query(
            "select call_id, state, reason, value_amount, generation, pending_operation"
            f" from marts.conversion_uploads where call_id in ({_listed(calls)}) and is_in_ledger"
        )
        return {call: tuple(rest) for call, *rest in rows}


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("world"))
    world.build.simulate(days=8, clicks_per_day=400, seed=6)
    world.build.dbt("seed", "--quiet")
    world.build.run()
    PLATFORMS.clear()
    PLATFORMS[GOOGLE] = SmallPlatform(limits=_with_numbers(ADJUSTABLE))
    PLATFORMS[META] = SmallPlatform(limits=_with_numbers(FINAL))
    return world


def _with_numbers(limits: Limits) -> Limits:
    return replace(limits, needs_number=True)


@pytest.fixture(scope="module")
def erased_call(world: World) -> str:
    """Forget the caller of a call that would go by its click, before anything was planned."""
    ((call_id, key, number),) = world.query(
        "select call_id, caller_key, caller_number from marts.upload_candidates"
        " inner join restricted.callers using (caller_key)"
        " where is_eligible and identifier = 'click' order by call_id limit 1"
    )
    erase_caller(world.build.warehouse, Caller(number, key), erased_at=CLOCK().replace(tzinfo=None))
    world.build.dbt("run", "--quiet", "--select", "int_conversion_calls+")
    return call_id


@pytest.fixture(scope="module")
def unarmed(world: World, erased_call: str) -> dict[str, dict[str, Any]]:
    return world.upload(is_armed=False)


@pytest.fixture(scope="module")
def planned_again(world: World, unarmed: dict) -> dict[str, dict[str, Any]]:
    return world.upload(is_armed=False)


@pytest.fixture(scope="module")
def armed(world: World, planned_again: dict) -> dict[str, dict[str, Any]]:
    return world.upload(is_armed=True)


def test_unarmed_run_plans_every_eligible_call_and_sends_none(world: World, unarmed: dict) -> None:
    ((eligible,),) = world.query("select count(*) from marts.upload_candidates where is_eligible")
    ((candidates,),) = world.query("select count(*) from marts.upload_candidates")
    shown = world.query(
        "select state, count(*) from marts.conversion_uploads group by 1 order by 1"
    )

    assert eligible > 30
    assert unarmed["plan"]["steps"] == eligible
    assert shown == [("not_eligible", candidates - eligible), ("planned", eligible)]
    assert [platform.requests for platform in PLATFORMS.values()] == [[], []]
    assert unarmed[META]["stopped"] == "not_armed"
    assert unarmed[META]["would_go"] > 0
    assert unarmed["microsoft_offline"]["stopped"] == "not_set_up"


def test_caller_who_was_erased_before_any_plan_is_not_sent_by_the_click(
    world: World, unarmed: dict, erased_call: str
) -> None:
    shown = world.query(
        "select state, is_in_ledger, count(*) filter (where reason = 'erased') > 0"
        f" from marts.conversion_uploads where call_id = '{erased_call}' group by all"
    )
    ledger = (world.folder / "uploads.db").read_bytes()

    assert shown == [("not_eligible", False, True)]
    assert erased_call.encode() not in ledger


def test_marts_and_ledger_make_one_key_of_a_conversion(world: World, unarmed: dict) -> None:
    planned = world.query(
        "select bool_and(upload_key = idempotency_key), count(*) > 0"
        " from marts.conversion_uploads inner join marts.upload_candidates"
        " using (call_id, destination, account_id, conversion_action) where generation = 1"
    )

    assert planned == [(True, True)]


def test_second_plan_changes_nothing(planned_again: dict) -> None:
    assert planned_again["plan"]["steps"] == 0


def test_armed_destinations_get_what_is_eligible_once(world: World, armed: dict) -> None:
    for destination, platform in PLATFORMS.items():
        eligible = world.query(
            "select upload_key, value_amount from marts.conversion_uploads"
            f" where destination = '{destination}' and is_eligible and state = 'confirmed'"
        )
        sent = [key for request in platform.requests for key in request]
        assert len(sent) == len(set(sent)) == len(platform.values)
        assert platform.values == dict(eligible)
    others = world.query(
        "select distinct state from marts.conversion_uploads where is_eligible"
        f" and destination not in ('{GOOGLE}', '{META}')"
    )
    assert others == [("planned",)]


def test_numbers_go_with_those_alone_that_may_have_them(world: World, armed: dict) -> None:
    may_have = world.query(
        "select upload_key, caller_number from marts.conversion_uploads"
        " inner join marts.upload_candidates"
        " using (call_id, destination, account_id, conversion_action)"
        " inner join restricted.callers using (caller_key)"
        " where sends_phone and sent_at is not null"
    )
    went = {
        key: number
        for platform in PLATFORMS.values()
        for key, number in platform.numbers.items()
        if number is not None
    }
    without = [key for p in PLATFORMS.values() for key, number in p.numbers.items() if not number]

    assert went == dict(may_have)
    assert went
    assert without
    ledger = (world.folder / "uploads.db").read_bytes()
    assert not [number for number in went.values() if number[1:].encode() in ledger]


@pytest.fixture(scope="module")
def corrected(world: World, armed: dict) -> dict[str, str]:
    """Land what changes four confirmed calls, and run again; return the calls by what happened."""
    google = world.query(
        "select call_id from marts.conversion_uploads"
        f" where destination = '{GOOGLE}' and state = 'confirmed' and identifier = 'click'"
        " order by call_id limit 3"
    )
    ((meta,),) = world.query(
        "select min(call_id) from marts.conversion_uploads"
        f" where destination = '{META}' and state = 'confirmed'"
    )
    calls = dict(zip(("refunded", "in part", "moved"), (call for (call,) in google), strict=True))
    calls["meta"] = meta
    landing = world.folder / "corrections"
    _refund(world, landing, calls["refunded"], share=1)
    _refund(world, landing, calls["in part"], share=0.25)
    _refund(world, landing, calls["meta"], share=1)
    _move(world, landing, calls["moved"])
    world.build.load(landing)
    world.build.run()
    return calls


def _refund(world: World, landing: Path, call_id: str, *, share: float) -> None:
    ((revenue, currency),) = world.query(
        f"select revenue_amount, revenue_currency from marts.fct_calls where call_id = '{call_id}'"
    )
    row = {
        "call_id": call_id,
        "outcome": "refund",
        "revenue": str(round(-float(revenue) * share, 2)),
        "currency": currency,
        "occurred_at": "2026-11-23T12:00:00Z",
        "updated_at": "2026-11-23T12:00:00Z",
    }
    _land(landing / "call_outcomes" / f"{call_id}.jsonl", row)


def _move(world: World, landing: Path, call_id: str) -> None:
    """The record is corrected: the call began five seconds later."""
    target = landing / "cdr" / f"{call_id}.parquet"
    fields = ", ".join(field.name for field in LANDING_FEEDS["cdr"].fields)
    target.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(world.build.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            "copy (select * replace (started_at + interval 5 seconds as started_at,"
            " duration_seconds - 5 as duration_seconds, timestamp '2026-11-23' as updated_at)"
            f" from (select {fields} from raw_landing.cdr where call_id = '{call_id}'"
            f" order by updated_at desc limit 1)) to '{target}' (format parquet)"
        )


def _land(file: Path, row: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row) + "\n")


def test_each_change_leads_to_its_next_step(world: World, corrected: dict[str, str]) -> None:
    before = {name: len(platform.values) for name, platform in PLATFORMS.items()}
    revenue = dict(
        world.query(
            f"select call_id, revenue_amount from marts.fct_calls"
            f" where call_id in ({_listed(tuple(corrected.values()))})"
        )
    )

    first = world.upload(is_armed=True)
    states = world.states(*corrected.values())

    assert first["plan"]["steps"] >= 4
    assert states[corrected["refunded"]][:2] == ("retracted", "refunded")
    assert states[corrected["in part"]][0] == "confirmed"
    assert float(states[corrected["in part"]][2]) == pytest.approx(
        float(revenue[corrected["in part"]]), abs=0.005
    )
    assert states[corrected["moved"]][0] == "retracted"
    assert states[corrected["meta"]][:2] == ("retraction_unsupported", "platform_cannot_retract")
    assert len(PLATFORMS[META].values) == before[META]

    second = world.upload(is_armed=True)
    states = world.states(*corrected.values())

    assert second["plan"]["steps"] >= 1
    assert states[corrected["moved"]][0] == "confirmed"
    assert states[corrected["moved"]][3] == 2
    assert len(PLATFORMS[GOOGLE].values) == before[GOOGLE] - 1
    assert world.upload(is_armed=True)["plan"]["steps"] == 0


def test_platform_and_marts_agree_row_by_row_in_the_end(
    world: World, corrected: dict[str, str]
) -> None:
    for destination, platform in PLATFORMS.items():
        counted = world.query(
            "select upload_key, value_amount from marts.conversion_uploads"
            f" where destination = '{destination}'"
            " and state in ('confirmed', 'retraction_unsupported')"
        )
        assert platform.values == dict(counted)


def test_data_tests_hold_with_a_ledger_that_has_seen_everything(
    world: World, corrected: dict[str, str]
) -> None:
    marts = ("upload_candidates", "conversion_uploads")

    world.build.dbt("test", "--quiet", "--select", *marts, "--exclude", "test_type:unit")
