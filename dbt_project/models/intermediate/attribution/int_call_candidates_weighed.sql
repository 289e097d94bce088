{{ config(materialized='view', tags=['delta']) }}

{#
    The chosen evidence takes the credit that its kind has earned; the rest goes to the other
    candidates in proportion to their probabilities, 'none of these' among them, and to that alone
    where the others have none.

    Masses are decimals from here on: their sums are exact, whatever the order of the rows, so that a
    second run gives the same credits to the last digit.
#}

with

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

masses as (

    select * from {{ ref('int_call_masses') }}

),

others as (

    select distributions.*

    from distributions

    left join evidence
        on
            distributions.call_id = evidence.call_id
            and distributions.session_id = evidence.session_id

    where evidence.call_id is null

),

combined as (

    select
        call_id,
        attribution_method,
        session_id,
        click_id,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        false as is_remainder,
        false as is_null,
        mass,
        1 as candidate_rank,
        model_version

    from evidence

    union all

    select
        others.call_id,
        others.attribution_method,
        others.session_id,
        others.click_id,
        others.channel,
        others.platform,
        others.campaign_id,
        others.ad_group_id,
        others.keyword_id,
        others.is_remainder,
        others.is_null,
        cast(
            case
                when masses.others_mass > 0 then others.mass / masses.others_mass
                when others.is_null then 1
                else 0
            end * (1 - masses.evidence_mass) as decimal(18, 15)
        ) as mass,
        others.candidate_rank + masses.evidence_candidates as candidate_rank,
        others.model_version

    from others

    inner join masses
        on others.call_id = masses.call_id

),

final as (

    select * from combined
    where mass > 0

)

select * from final
