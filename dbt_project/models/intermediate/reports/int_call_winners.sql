{{ config(materialized='incremental', touched={'int_calls_recredited': 'call_id'}) }}

{#
    A hundredth of the credits, but of every block of them a few: who wants the winners reads through
    all ids of all candidates. Three tables do.
#}

with

final as (

    select
        call_id,
        attribution_layer,
        attribution_method,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        click_id,
        session_id,
        credit

    from {{ ref('fct_call_credits') }}

    where
        candidate_rank = 1
        and {{ only_touched('call_id', 'int_calls_recredited') }}

)

select * from final
