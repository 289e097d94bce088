{#
    Journeys that end in a call, and those that end in nothing: without these nobody can say what
    makes a call more likely. A person's journey to nothing is its last one, and counts as far as the
    person's sessions have no part in a call.
#}

with

call_journeys as (

    select * from {{ ref('int_call_journeys') }}

),

person_touches as (

    select * from {{ ref('int_person_touches') }}

),

session_credits as (

    select
        session_id,
        sum(cast(credit as decimal(18, 15))) as credit

    from {{ ref('fct_call_credits') }}

    where session_id is not null

    group by session_id

),

last_touches as (

    select
        person_touches.*,
        row_number() over (
            partition by person_touches.person_id
            order by person_touches.touched_at desc, person_touches.session_id desc
        ) as recency,
        sum(session_credits.credit) over (partition by person_touches.person_id) as person_credit

    from person_touches

    left join session_credits
        on person_touches.session_id = session_credits.session_id

),

final as (

    select
        journey_id,
        call_id,
        person_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        coalesce(touched_at, call_started_at) as ended_at,
        call_started_at as lookback_from_at,
        credit as conversions,
        cast(0 as decimal(18, 15)) as non_conversions

    from call_journeys

    union all

    select
        'person ' || person_id as journey_id,
        null as call_id,
        person_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        touched_at as ended_at,
        touched_at as lookback_from_at,
        cast(0 as decimal(18, 15)) as conversions,
        cast(1 - coalesce(person_credit, 0) as decimal(18, 15)) as non_conversions

    from last_touches

    where
        recency = 1
        and coalesce(person_credit, 0) < 1

)

select * from final
