{#
    Fails for each call that lacks one of the eight models, and for spam that has any. Credits that
    sum to one are the mart's own test; a model without rows would pass that.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}

),

models as (

    select
        call_id,
        count(distinct model) as model_count

    from {{ ref('fct_multi_touch_credits') }}

    group by call_id

)

select calls.call_id

from calls

left join models
    on calls.call_id = models.call_id

where coalesce(models.model_count, 0) <> case when calls.is_spam then 0 else 8 end
