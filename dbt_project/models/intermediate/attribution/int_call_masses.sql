{{ config(tags=['delta']) }}

with

calls as (

    select call_id from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

evidence as (

    select
        *,
        cast(credit as decimal(18, 15)) as mass

    from {{ ref('int_call_evidence_chosen') }}

),

distributions as (

    select
        *,
        cast(probability as decimal(18, 15)) as mass

    from {{ ref('int_call_distributions') }}

),

evidence_masses as (

    select
        call_id,
        sum(mass) as mass,
        count(*) as candidates

    from evidence

    group by call_id

),

other_masses as (

    select
        distributions.call_id,
        sum(distributions.mass) as mass

    from distributions

    left join evidence
        on
            distributions.call_id = evidence.call_id
            and distributions.session_id = evidence.session_id

    where evidence.call_id is null

    group by distributions.call_id

),

final as (

    select
        calls.call_id,
        coalesce(evidence_masses.mass, 0) as evidence_mass,
        coalesce(evidence_masses.candidates, 0) as evidence_candidates,
        coalesce(other_masses.mass, 0) as others_mass

    from calls

    left join evidence_masses
        on calls.call_id = evidence_masses.call_id

    left join other_masses
        on calls.call_id = other_masses.call_id

)

select * from final
