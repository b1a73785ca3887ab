{% macro source_file(name) -%}
read_csv('{{ var("source") }}/{{ name }}.csv', delim = ',', quote = '"', escape = '"', header = true,
    all_varchar = true, strict_mode = false, ignore_errors = true)
{%- endmacro %}

{% macro identifier(column) -%}
NULLIF(TRIM({{ column }}, E' \t' || CHR(160)), '')
{%- endmacro %}
