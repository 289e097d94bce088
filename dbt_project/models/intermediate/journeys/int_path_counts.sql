{#
    What the fits learn from: distinct paths, not journeys. A click that no session brought is a path
    of its own, of which all that was not credited with a call came to nothing.
#}

with

journeys as (

    select * from {{ ref('int_journey_paths') }}

),

clicks as (

    select * from {{ ref('int_touches') }}
    where session_id is null

),

call_credits as (

    select * from {{ ref('fct_call_credits') }}
    where session_id is null and click_id is not null

),

click_counts as (

    select
        channel,
        count(*) as clicks

    from clicks

    group by channel

),

click_credits as (

    select
        channel,
        sum(cast(credit as decimal(18, 15))) as credit

    from call_credits

    group by channel

),

counted as (

    select
        path,
        conversions,
        non_conversions

    from journeys

    union all

    select
        click_counts.channel as path,
        0 as conversions,
        greatest(click_counts.clicks - coalesce(click_credits.credit, 0), 0) as non_conversions

    from click_counts

    left join click_credits
        on click_counts.channel = click_credits.channel

),

final as (

    select
        path,
        sum(conversions) as conversions,
        sum(non_conversions) as non_conversions

    from counted

    -- What nobody earned is no channel.
    where path <> 'Unattributed'

    group by path

)

select * from final
