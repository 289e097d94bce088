{#
    Calls whose credits this build makes anew: those that the matcher was asked again, those of which
    a platform's report names a campaign whose channel changed, and all of them when another model
    was promoted since.

    Empty in a full build.
#}
{{ reads(
    'int_calls_to_rescore',
    'int_campaign_channels',
    'int_platform_calls_matched',
    'int_calls',
    'stg_ml__model_versions',
) }}
{% if is_increment() %}

with

calls as (

    select * from {{ ref('int_calls') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

    where _file_id > {{ built_up_to() }}

),

platform_calls as (

    select * from {{ ref('int_platform_calls_matched') }}

),

models as (

    select * from {{ ref('stg_ml__model_versions') }}

    where is_current

),

credited_with as (

    select model_version

    from {{ as_last_built('fct_call_credits') }}

    where model_version is not null

    group by model_version

),

retired as (

    select credited_with.model_version

    from credited_with

    left join models
        on credited_with.model_version = models.model_version

    where models.model_version is null

),

final as (

    select call_id
    from {{ ref('int_calls_to_rescore') }}

    union

    select platform_calls.call_id
    from platform_calls
    inner join campaign_channels
        on
            platform_calls.platform = campaign_channels.platform
            and platform_calls.campaign_id is not distinct from campaign_channels.campaign_id

    union

    select calls.call_id
    from calls
    where exists (select 1 from retired)

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
