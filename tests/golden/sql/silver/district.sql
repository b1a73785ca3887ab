-- duckdb, trino, athena, spark
SELECT
  district.district_id,
  district.name,
  district.region,
  district.inhabitants,
  district.towns_below_500,
  district.towns_below_2000,
  district.towns_below_10000,
  district.towns_from_10000,
  district.cities,
  district.urban_share,
  district.average_salary,
  district.unemployment_1995,
  district.unemployment_1996,
  district.entrepreneurs_per_1000,
  district.crimes_1995,
  district.crimes_1996
FROM staging.district AS district
LEFT JOIN silver.quarantine AS refused
  ON refused.source = 'district' AND refused.row_key = district.district_id
WHERE
  refused.row_key IS NULL;
