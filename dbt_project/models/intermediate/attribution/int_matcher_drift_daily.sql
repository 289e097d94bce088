with

drift as (

    select
        *,
        {{ business_date('data_to') }} as drift_date

    from {{ ref('stg_ml__matcher_drift') }}

),

models as (

    select * from {{ ref('stg_ml__model_versions') }}

),

ranked as (

    select
        drift.*,
        row_number() over (
            partition by drift.drift_date, drift.feature
            order by models.promoted_at desc, drift.model_version desc
        ) as model_rank

    from drift

    inner join models
        on drift.model_version = models.model_version

),

final as (

    select
        drift_date as health_date,
        'matcher_drift' as metric,
        feature as dimension,
        psi as value

    from ranked

    -- Of several models compared on one day the last is the one in use.
    where model_rank = 1

)

select * from final
