{#
    make_upload_states(): the table that the asset activation/upload_states fills from the ledger of
    uploads, empty where no run has done so yet; on-run-start, so that `dbt build` alone works too.
#}
{% macro make_upload_states() -%}
    create schema if not exists activation;
    create table if not exists activation.upload_states (
        call_id varchar,
        destination varchar,
        account_id varchar,
        conversion_action varchar,
        generation integer,
        upload_key varchar,
        state varchar,
        reason varchar,
        pending_operation varchar,
        pending_state varchar,
        value_amount decimal(18, 2),
        value_currency varchar,
        occurred_at timestamp,
        sent_at timestamp,
        decided_at timestamp,
        state_changed_at timestamp,
        attempts integer,
        request_id varchar,
        loaded_at timestamp
    );
{%- endmacro %}
