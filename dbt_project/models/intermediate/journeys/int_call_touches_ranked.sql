{#
    Which touch of a call is its first, its last, and the one that made the lead: the touch that
    brought the person's first form or call, or else the one that brought this call. What happened at
    an unknown instant (a number off the web) counts as at the call.
#}

with

touches as (

    select
        *,
        coalesce(touched_at, call_started_at) as ordered_at

    from {{ ref('int_call_touches') }}

    where channel <> 'Unattributed'

),

contacts as (

    select * from {{ ref('int_session_contacts') }}

),

contacted as (

    select
        touches.*,
        contacts.first_contacted_at

    from touches

    left join contacts
        on
            touches.session_id = contacts.session_id
            and touches.call_started_at >= contacts.first_contacted_at

),

final as (

    select
        call_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        count(*) over (partition by call_id) as touch_count,
        row_number() over (
            partition by call_id
            order by ordered_at asc, is_own asc, session_id asc
        ) as first_rank,
        case
            when is_own or first_contacted_at is not null
                then row_number() over (
                    partition by call_id
                    order by
                        first_contacted_at asc nulls last,
                        is_own desc,
                        session_id asc
                )
        end as lead_rank,
        row_number() over (
            partition by call_id
            order by ordered_at desc, is_own desc, session_id desc
        ) as last_rank

    from contacted

)

select * from final
