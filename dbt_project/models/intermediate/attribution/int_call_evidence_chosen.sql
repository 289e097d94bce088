{{ config(tags=['delta']) }}

{#
    Only the strongest evidence of a call counts by itself. Sessions that were ever shown the dialled
    pool number (order 3, dni_lease) outrank forms, earlier calls and what is weaker, and bring their
    own probabilities.
#}

with

evidence as (

    select * from {{ ref('int_call_evidence') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

distributions as (

    select * from {{ ref('int_call_distributions') }}

),

leased_calls as (

    select call_id

    from distributions

    where attribution_method = 'dni_lease' and not is_null

    group by call_id

),

admitted as (

    select
        evidence.*,
        min(evidence.evidence_order) over (partition by evidence.call_id) as strongest_order

    from evidence

    left join leased_calls
        on evidence.call_id = leased_calls.call_id

    where leased_calls.call_id is null or evidence.evidence_order < 3

),

final as (

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
        credit,
        model_version

    from admitted

    where evidence_order = strongest_order

)

select * from final
