{{ config(materialized='view') }}

{#
    As the model in use was promoted with: what is measured meanwhile (int_evidence_reliability) holds
    from the next promotion on, or the credits of all calls would change a little every day.
#}
with

source as (

    select * from {{ source('ml', 'evidence_reliability') }}

),

models as (

    select * from {{ ref('stg_ml__model_versions') }}

    where is_current

),

final as (

    select
        source.attribution_method,
        source.evidence_kind,
        source.trials,
        source.agreements,
        source.reliability,
        source.model_version

    from source

    inner join models
        on source.model_version = models.model_version

)

select * from final
