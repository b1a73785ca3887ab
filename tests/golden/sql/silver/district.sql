-- duckdb, trino, athena
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
FROM staging.district AS district;
