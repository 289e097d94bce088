"""Great Expectations suites for the raw tables: one function, one suite a feed.

Two kinds of expectation. What the contract says of single values was already enforced on the way
in; saying it again here catches a mistake of ours, on the table itself. What the contract cannot
say, because one row alone cannot be wrong about it, is expected of most rows: that shown numbers
are there, that clocks agree, that callers can be read. A drift of those is a broken source.

    ingestion.contracts ─► contract_expectations ─┐
    HABITS, by feed     ─────────────────────────► feed_suite(feed) ─► checks.check_feed
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ingestion.feeds import Feed

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import Expectation

MOST = 0.95
NEARLY_ALL = 0.99


def feed_suite(feed: Feed) -> "ExpectationSuite":
    """The suite of a feed's raw table, its clear caller numbers left out."""
    from great_expectations import ExpectationSuite  # noqa: PLC0415 - takes seconds to import

    expectations = [*contract_expectations(feed), *HABITS.get(feed.name, list)()]
    return ExpectationSuite(name=f"raw_landing.{feed.name}", expectations=expectations)


def contract_expectations(feed: Feed) -> "Sequence[Expectation]":
    """What the contract says of every single value."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - see feed_suite

    expectations: list[Expectation] = []
    for field in feed.fields:
        if field.required:
            expectations.append(gxe.ExpectColumnValuesToNotBeNull(column=field.name))
        if field.values:
            values = list(field.values)
            expectations.append(
                gxe.ExpectColumnValuesToBeInSet(column=field.name, value_set=values)
            )
        if field.minimum is not None or field.maximum is not None:
            expectations.append(
                gxe.ExpectColumnValuesToBeBetween(
                    column=field.name, min_value=field.minimum, max_value=field.maximum
                )
            )
    return expectations


def cdr_habits() -> "Sequence[Expectation]":
    """Most callers have a number that can be read, and calls that completed have ended."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - see feed_suite
    from great_expectations.expectations.row_conditions import Column  # noqa: PLC0415

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="caller_key", mostly=0.7),
        gxe.ExpectColumnValuesToBeInSet(
            column="is_caller_unreadable", value_set=[False], mostly=MOST
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="ended_at",
            row_condition=Column("status") == "completed",
            mostly=NEARLY_ALL,
        ),
    ]


def web_events_habits() -> "Sequence[Expectation]":
    """Events are collected after they happen, and a number that was shown is there."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - see feed_suite
    from great_expectations.expectations.row_conditions import Column  # noqa: PLC0415

    return [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="received_at", column_B="occurred_at", or_equal=True, mostly=MOST
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="tracking_number",
            row_condition=Column("event_type").is_in(["number_shown", "number_clicked"]),
            mostly=NEARLY_ALL,
        ),
    ]


def ad_spend_habits() -> "Sequence[Expectation]":
    """Money comes with its currency, and clicks are never more than impressions for long."""
    import great_expectations.expectations as gxe  # noqa: PLC0415 - see feed_suite

    return [
        gxe.ExpectColumnValuesToNotBeNull(column="cost", mostly=NEARLY_ALL),
        gxe.ExpectColumnValuesToNotBeNull(column="currency", mostly=NEARLY_ALL),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="impressions", column_B="clicks", or_equal=True, mostly=MOST
        ),
    ]


HABITS: "Mapping[str, Callable[[], Sequence[Expectation]]]" = {
    "cdr": cdr_habits,
    "web_events": web_events_habits,
    "ad_spend": ad_spend_habits,
}
