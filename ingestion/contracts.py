"""The landing feeds: their columns, types and rules, said once.

Everything else asks here: `validation` which fields to take out of a file and how to check them,
`warehouse` and `pipelines` which tables to make, `dbt_sources` what to tell dbt. A new field is
one line in this file. The words that it is written in are in `feeds`.

    Feed ── fields ──────► typed columns of raw_landing.<feed>, in this order
        ├── conditions ──► a field that is required only beside some value of another
        ├── orders ──────► pairs of which the first may not exceed the second
        └── key, version ► which row of several is the current one

Left out on purpose: what the fields mean to attribution. That is SQL's, from staging on.
"""

from collections.abc import Mapping

from ingestion.feeds import ERASED_MARK, Column, Condition, Feed, Field, Order, at, count, text

UPDATED_AT = at("updated_at", "Version of this row; the highest is the current one.", True)
DEVICES = ("mobile", "desktop", "tablet")
CONSENTS = ("granted", "denied", "unknown")
STATUSES = ("completed", "no-answer", "busy", "failed", "canceled")
LINE_TYPES = ("mobile", "landline", "voip", "toll_free", "unknown")
EVENT_TYPES = ("page_view", "number_shown", "number_clicked", "form_submit", "ping")
CLICK_ID_TYPES = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid", "ttclid")
CLICK_TYPES = ("url", "call")
NUMBER_KINDS = ("pool", "static", "call_asset", "fallback")
OUTCOMES = ("qualified", "disqualified", "duplicate", "sale", "refund")
PLATFORM = text("platform", "Ad platform: google_ads, microsoft_ads, meta_ads, ...", True)
ACCOUNT_ID = text("account_id", "The platform's id of the ad account.", True)

CDR = Feed(
    name="cdr",
    description="Call detail records: one row per inbound call and version.",
    key=("call_id",),
    version="updated_at",
    fields=(
        text("call_id", "The provider's id of the inbound leg.", True),
        text("provider", "Who carried the call: twilio, asterisk, freeswitch, callrail, ...", True),
        at("started_at", "When the call reached the tracking number.", True),
        at("answered_at", "When it was answered; null when it never was."),
        at("ended_at", "When it ended; null while in progress."),
        Field("from_number", "caller", "The caller's number in clear; null when withheld."),
        Field("to_number", "e164", "The tracking number that was dialled.", True),
        Field("forwarded_to", "e164", "Where the call was connected."),
        text("direction", "inbound; other directions are kept here, not in the marts.", True),
        text("status", "How the call ended.", True, values=STATUSES),
        count("duration_seconds", "Seconds from started_at to ended_at.", True),
        count("talk_seconds", "Seconds connected to the buyer or agent."),
        Field("caller_city", "string", "Carrier look-up.", is_personal=True),
        text("caller_state", "Carrier look-up, two letters."),
        Field("caller_zip", "string", "Carrier look-up.", is_personal=True),
        text("caller_country", "Carrier look-up, ISO 3166 alpha-2."),
        text("line_type", "Carrier look-up of the caller's line.", values=LINE_TYPES),
        text("ivr_path", "Keys pressed, > between menus: 1>3."),
        text("ivr_selection", "The label that the path ended on."),
        text("buyer_id", "Who took the call."),
        text("hangup_cause", "Q.850 name or the provider's text."),
        Field("mos", "float", "Mean opinion score, 1 to 5.", minimum=1, maximum=5),
        Field("jitter_ms", "float", "Jitter in milliseconds.", minimum=0),
        Field("packet_loss_pct", "float", "Lost packets in percent.", minimum=0),
        Field("recording_url", "string", "Where the recording is.", is_personal=True),
        Field("cost", "decimal", "What the carrier charged, in units of currency."),
        text("currency", "ISO 4217 code of cost."),
        UPDATED_AT,
    ),
    orders=(
        Order("started_at", "ended_at", "end_before_start"),
        Order("talk_seconds", "duration_seconds", "out_of_range:talk_seconds"),
    ),
    derived=(
        Column("caller_key", "varchar", "HMAC-SHA-256 of from_number, hex.", "from_number"),
        Column(
            "caller_area_code",
            "varchar",
            "Three digits of a North American from_number, else null.",
            "from_number",
        ),
        Column(
            "is_caller_unreadable",
            "boolean",
            "There was a from_number, not withheld, that is no phone number.",
            "from_number",
        ),
        Column(
            ERASED_MARK,
            "boolean",
            "The caller asked to be forgotten: from_number was there and was erased.",
            "from_number",
        ),
    ),
)

WEB_EVENTS = Feed(
    name="web_events",
    description="What the DNI snippet saw: one row per event; an event never changes.",
    key=("event_id",),
    is_first_copy_current=True,
    fields=(
        text("event_id", "Unique; made in the browser.", True),
        text(
            "event_type",
            "What happened; number_clicked is a tap on a tel: link.",
            True,
            values=EVENT_TYPES,
        ),
        at("occurred_at", "Browser clock, corrected by the collector.", True),
        at("received_at", "Collector clock.", True),
        text("visitor_id", "First-party cookie; stable across sessions until cleared.", True),
        text("page_url", "Full URL with its query: click ids and utm_* are parsed from it.", True),
        text("page_referrer", "The page that led here."),
        text("user_agent", "The browser's own description."),
        text("device_type", "Derived from user_agent when null.", values=DEVICES),
        text("geo_country", "From the visitor's address at the collector."),
        text("geo_region", "The same; two letters in the US and Canada."),
        text("geo_city", "The same."),
        text("geo_zip", "The same."),
        text("pool_id", "On number_shown and number_clicked."),
        Field("tracking_number", "e164", "The number on the page, when shown or tapped."),
        Field("form_phone", "caller", "The number that a visitor left in a form, in clear."),
        text("consent_ad_user_data", "Null means unknown.", values=CONSENTS),
        text("consent_ad_personalization", "Null means unknown.", values=CONSENTS),
    ),
    derived=(
        Column("form_caller_key", "varchar", "HMAC-SHA-256 of form_phone, hex.", "form_phone"),
    ),
)

AD_CLICKS = Feed(
    name="ad_clicks",
    description="One row per ad click as the platform reports it.",
    key=("platform", "click_id"),
    is_first_copy_current=True,
    fields=(
        PLATFORM,
        text("click_id", "The click's id, as it stands on the landing page's URL.", True),
        text("click_id_type", "The parameter that carries the id.", True, values=CLICK_ID_TYPES),
        at("clicked_at", "Null where the platform gives only the day."),
        Field("click_date", "date", "The click's day in the account's time zone.", True),
        ACCOUNT_ID,
        Field("account_timezone", "timezone", "IANA name; UTC when not given.", default="UTC"),
        text("campaign_id", "The platform's id of the campaign.", True),
        text("campaign_name", "The campaign's name on that day."),
        text("ad_group_id", "The platform's id of the ad group."),
        text("ad_group_name", "The ad group's name on that day."),
        text("ad_id", "The platform's id of the ad."),
        text("keyword_id", "The platform's id of the keyword."),
        text("keyword_text", "The keyword as bid on."),
        text("match_type", "How the keyword may match."),
        text("device", "Device of the click.", values=DEVICES),
        text("network", "search, display, video, social, ..."),
        text(
            "click_type", "call is a tap on a call asset: no session follows.", values=CLICK_TYPES
        ),
        text("geo_country", "The platform's location of presence."),
        text("geo_region", "The same."),
        text("geo_city", "The same."),
        text("landing_url", "Where the click led."),
    ),
)

AD_SPEND = Feed(
    name="ad_spend",
    description="Daily cost by keyword and device; platforms restate the last days.",
    key=(
        *("platform", "account_id", "spend_date"),
        *("campaign_id", "ad_group_id", "keyword_id", "device"),
    ),
    version="updated_at",
    fields=(
        PLATFORM,
        ACCOUNT_ID,
        Field("spend_date", "date", "Day of the cost in the account's time zone.", True),
        text("campaign_id", "The platform's id of the campaign.", True),
        text("ad_group_id", "The platform's id of the ad group; may be null."),
        text("keyword_id", "The platform's id of the keyword; may be null."),
        text("device", "The platform's device; not a closed list, for it spends on TVs too."),
        text("campaign_name", "The campaign's name on that day."),
        text("ad_group_name", "The ad group's name on that day."),
        text("keyword_text", "The keyword as bid on."),
        text("match_type", "How the keyword may match."),
        count("impressions", "Times shown."),
        count("clicks", "Times clicked."),
        Field("cost", "decimal", "Cost in units of currency, never micros.", minimum=0),
        text("currency", "ISO 4217 code of cost."),
        UPDATED_AT,
    ),
)

TRACKING_NUMBERS = Feed(
    name="tracking_numbers",
    description="What each number stood for, and when: half-open intervals.",
    key=("tracking_number", "valid_from"),
    version="updated_at",
    fields=(
        Field("tracking_number", "e164", "The number.", True),
        text(
            "kind",
            "Given to visitors, of one source, in the ad itself, or in the page's HTML.",
            True,
            values=NUMBER_KINDS,
        ),
        text("pool_id", "The pool it belongs to; required for kind pool."),
        text("platform", "What a call is attributed to; null for pool and fallback."),
        text("channel", "The same; required for static and call_asset."),
        text("campaign_id", "The same."),
        text("campaign_name", "The same."),
        text("vertical", "Line of business that the number serves."),
        text("site", "Host whose pages show the number; required for fallback."),
        at("valid_from", "Start of the interval, included.", True),
        at("valid_to", "End of the interval, not included; null = still valid."),
        UPDATED_AT,
    ),
    conditions=(
        Condition("pool_id", "kind", ("pool",)),
        Condition("channel", "kind", ("static", "call_asset")),
        Condition("site", "kind", ("fallback",)),
    ),
    orders=(Order("valid_from", "valid_to", "end_before_start"),),
)

BUYERS = Feed(
    name="buyers",
    description="Who pays for calls, and for which.",
    key=("buyer_id",),
    version="updated_at",
    fields=(
        text("buyer_id", "The buyer.", True),
        text("name", "The buyer's name."),
        text("vertical", "Line of business that the buyer takes calls of."),
        Field("min_talk_seconds", "integer", "Shortest talk that is billable."),
        Field("payout", "decimal", "Paid per billable call, in units of currency."),
        text("currency", "ISO 4217 code of payout."),
        Field("duplicate_window_days", "integer", "A caller seen within it is not billable again."),
        Field("timezone", "timezone", "IANA name of the buyer's zone."),
        UPDATED_AT,
    ),
)

CALL_OUTCOMES = Feed(
    name="call_outcomes",
    description="What became of a call, from buyers and the CRM; may arrive before its call.",
    key=("call_id", "outcome"),
    version="updated_at",
    fields=(
        text("call_id", "The call, by cdr.", True),
        text("outcome", "What became of it.", True, values=OUTCOMES),
        Field("revenue", "decimal", "What we earn; negative on a refund."),
        text("currency", "ISO 4217 code of revenue."),
        text("buyer_id", "Who said so."),
        at("occurred_at", "When it happened.", True),
        UPDATED_AT,
    ),
)

PLATFORM_CALLS = Feed(
    name="platform_calls",
    description="Calls that the ad platform itself reports; they carry no caller number.",
    key=("platform", "platform_call_id"),
    fields=(
        PLATFORM,
        text("account_id", "The platform's id of the ad account."),
        text("platform_call_id", "The platform's id of the call.", True),
        at("started_at", "When the call began, by the platform."),
        Field("duration_seconds", "integer", "How long it lasted, by the platform."),
        text("caller_country", "The caller's country, by the platform."),
        text("caller_area_code", "The caller's area code, by the platform."),
        text("call_type", "How the call came about, by the platform."),
        text("status", "How the call ended, by the platform."),
        text("campaign_id", "The platform's id of the campaign."),
        text("ad_group_id", "The platform's id of the ad group."),
    ),
)

LANDING_FEEDS: Mapping[str, Feed] = {
    feed.name: feed
    for feed in (
        CDR,
        WEB_EVENTS,
        AD_CLICKS,
        AD_SPEND,
        TRACKING_NUMBERS,
        BUYERS,
        CALL_OUTCOMES,
        PLATFORM_CALLS,
    )
}
