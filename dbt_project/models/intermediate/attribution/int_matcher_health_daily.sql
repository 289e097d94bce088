with

metrics as (

    select
        *,
        {{ business_date('measured_at') }} as measured_date

    from {{ ref('stg_ml__matcher_metrics') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by measured_date, scope, metric
            order by measured_at desc, model_version desc
        ) as measurement_rank

    from metrics

),

final as (

    select
        measured_date as health_date,
        'matcher_' || metric as metric,
        scope as dimension,
        value

    from ranked

    -- Of several models measured on one day the last is the one in use.
    where measurement_rank = 1

)

select * from final
