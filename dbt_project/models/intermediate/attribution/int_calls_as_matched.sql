{{ config(tags=['delta']) }}

{#
    Calls whose credits are the matcher's candidates as they stand: no other evidence has a say, the
    matcher has folded their tail, and a candidate of its own is never certain. Nine of ten candidates
    are of such calls, which need no weighing, ranking and folding.
#}

with

calls_to_match as (

    select call_id from {{ ref('int_calls_to_match') }}

    where match_kind <> 'pool'

),

evidence as (

    select * from {{ ref('int_call_evidence') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

candidates as (

    select
        call_id,
        candidate_rank,
        cast(probability as decimal(18, 15)) as mass,
        not is_null and not is_remainder as is_by_name

    from {{ ref('stg_ml__call_candidates') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

counted as (

    select
        call_id,
        sum(mass) as call_mass

    from candidates

    group by call_id

    having
        coalesce(min(case when is_by_name then mass end), 1) >= {{ var('min_candidate_credit') }}
        and count(case when is_by_name then 1 end) <= {{ var('max_candidates') }}
        and max(candidate_rank) = count(*)
        and min(mass) > 0
        and abs(sum(mass) - 1) < 0.000001

),

final as (

    select
        counted.call_id,
        counted.call_mass

    from counted

    inner join calls_to_match
        on counted.call_id = calls_to_match.call_id

    left join evidence
        on counted.call_id = evidence.call_id

    where evidence.call_id is null

)

select * from final
