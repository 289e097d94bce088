{{
    config(
        materialized='incremental',
        touched={'stg_operations__build_window': 'this._file_id > touched.from_file_id'}
    )
}}

{#
    The copies of ad clicks that came after the first one: few, so that the wide feed itself need not
    be written out a second time. An increment looks only at the clicks that new files bring.
#}
{% set ad_clicks = source('landing', 'ad_clicks') %}

with

source as (

    select
        platform,
        click_id,
        _file_id,
        _source_line

    from {{ ad_clicks }}

    where {{ keys_of_new_files('click_id', ad_clicks) }}

),

repeated_clicks as (

    select click_id

    from source

    group by click_id

    having count(*) > 1

),

ranked as (

    select
        source.platform,
        source.click_id,
        source._file_id,
        source._source_line,
        {{ first_copy(['source.platform', 'source.click_id']) }} as copy_rank

    from source

    inner join repeated_clicks
        on source.click_id = repeated_clicks.click_id

),

renamed as (

    select
        platform,
        click_id,
        _file_id,
        _source_line

    from ranked

    where
        copy_rank > 1
        and _file_id > {{ built_up_to() }}

)

select * from renamed
