{{ config(materialized='incremental', touched={'int_calls_recredited': 'call_id'}) }}

{#
    A lost call has hundreds of candidates and a few dozen keywords: reports that count calls by
    source read a fifth of the rows here. Decimals make the sums exact.
#}

with

credits as (

    select * from {{ ref('fct_call_credits') }}

    where {{ only_touched('call_id', 'int_calls_recredited') }}

),

final as (

    select
        call_id,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        cast(sum(cast(credit as decimal(18, 15))) as decimal(18, 15)) as credit

    from credits

    group by call_id, channel, platform, campaign_id, ad_group_id, keyword_id

)

select * from final
