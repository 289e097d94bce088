{# Fails for each candidate with more credit than the one before it; remainders come last. #}
with

ordered as (

    select
        call_id,
        candidate_rank,
        credit,
        is_remainder,
        lag(credit) over (partition by call_id order by candidate_rank) as previous_credit,
        lag(is_remainder) over (partition by call_id order by candidate_rank)
            as is_previous_remainder

    from {{ ref('fct_call_credits') }}

)

select *

from ordered

where
    (credit > previous_credit + 0.000000001 and is_remainder = is_previous_remainder)
    or (is_previous_remainder and not is_remainder)
