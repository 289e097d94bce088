{#
    Fails for each call whose credits break the contract: ranks run from 1 without a gap, a remainder
    never ranks first, 'none of these' stands at most once and with empty ids, and what is kept one by
    one stays within max_candidates ('none of these' and what evidence names come on top).
#}
with

credits as (

    select * from {{ ref('fct_call_credits') }}

),

calls as (

    select
        call_id,
        count(*) as candidates,
        min(candidate_rank) as first_rank,
        max(candidate_rank) as last_rank,
        count(distinct candidate_rank) as ranks,
        sum(case when candidate_rank = 1 and is_remainder then 1 else 0 end) as first_remainders,
        sum(case when attribution_layer = 'unattributed' then 1 else 0 end) as null_rows,
        sum(case when not is_remainder and attribution_layer <> 'unattributed' then 1 else 0 end)
            as kept_candidates,
        sum(
            case
                when
                    attribution_layer = 'unattributed'
                    and (
                        attribution_method <> 'none'
                        or channel <> 'Unattributed'
                        or coalesce(platform, campaign_id, click_id, session_id) is not null
                    )
                    then 1
                else 0
            end
        ) as named_null_rows,
        sum(
            case when is_remainder and coalesce(click_id, session_id) is not null then 1 else 0 end
        ) as named_remainders

    from credits

    group by call_id

)

select *

from calls

where
    first_rank <> 1
    or last_rank <> candidates
    or ranks <> candidates
    or first_remainders > 0
    or null_rows > 1
    or named_null_rows > 0
    or named_remainders > 0
    or kept_candidates > {{ var('max_candidates') }}
