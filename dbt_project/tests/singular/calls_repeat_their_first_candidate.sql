{# Fails for each call whose source in fct_calls is not rank 1 of fct_call_credits. #}
with

calls as (

    select * from {{ ref('fct_calls') }}

),

winners as (

    select * from {{ ref('fct_call_credits') }}
    where candidate_rank = 1

)

select calls.call_id

from calls

left join winners
    on calls.call_id = winners.call_id

where
    winners.call_id is null
    or calls.attribution_layer <> winners.attribution_layer
    or calls.attribution_method <> winners.attribution_method
    or calls.channel <> winners.channel
    or calls.attribution_confidence <> winners.credit
    or calls.platform is distinct from winners.platform
    or calls.campaign_id is distinct from winners.campaign_id
    or calls.ad_group_id is distinct from winners.ad_group_id
    or calls.keyword_id is distinct from winners.keyword_id
    or calls.click_id is distinct from winners.click_id
    or calls.session_id is distinct from winners.session_id
    or (calls.session_id is null and calls.visitor_id is not null)
