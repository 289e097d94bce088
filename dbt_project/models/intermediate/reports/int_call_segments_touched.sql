{{ config(tags=['delta']) }}

{#
    Calls whose segments this build makes anew: those with other credits or other things beside them,
    those with a new word on their outcome, and those with credit on a campaign or keyword that goes by
    another name than when the segments were built.
    Empty in a full build.
#}
{{ reads(
    'int_calls_redescribed',
    'int_call_credits_by_keyword',
    'int_segment_names',
    'stg_landing__call_outcomes',
) }}
{% if is_increment() %}
{% set names_as_built = as_last_built('int_segment_names_as_built') %}

with

redescribed as (

    select * from {{ ref('int_calls_redescribed') }}

),

outcomes as (

    select * from {{ ref('stg_landing__call_outcomes') }}
    where _file_id > {{ built_up_to() }}

),

credits as (

    select * from {{ ref('int_call_credits_by_keyword') }}

),

names as (

    select * from {{ ref('int_segment_names') }}

),

renamed as (

    (select * from names except select * from {{ names_as_built }})
    union all
    (select * from {{ names_as_built }} except select * from names)

),

final as (

    select call_id
    from redescribed

    union

    select call_id
    from outcomes

    union

    select credits.call_id
    from credits
    inner join renamed
        on
            credits.platform is not distinct from renamed.platform
            and credits.campaign_id is not distinct from renamed.campaign_id
    where renamed.named <> 'keyword'

    union

    select credits.call_id
    from credits
    inner join renamed
        on
            credits.platform = renamed.platform
            and credits.keyword_id = renamed.keyword_id
    where renamed.named = 'keyword'

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
