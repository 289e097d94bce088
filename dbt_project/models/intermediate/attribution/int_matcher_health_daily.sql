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
        -- Whole measurements: a group that the last of a day had not is none of that day.
        dense_rank() over (
            partition by measured_date
            order by measured_at desc, model_version desc, data_version desc
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

    -- Of several measurements of one day the last is of the model in use and of all its rows.
    where measurement_rank = 1

)

select * from final
