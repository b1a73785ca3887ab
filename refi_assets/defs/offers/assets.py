"""Assets of the offers domain that all programs share: the sources, the person of each customer, the rules of states."""

from typing import Any

import dagster as dg

from refi_assets.defs.offers import OFFERS
from refi_assets.engines.duckdb_sql import rows_sql
from refi_assets.lake import Relation
from refi_assets.offers.states import load_states
from refi_assets.orchestration.asset_checks import relation_checks
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import described_by, made_by_python, materialize, sql_relation
from refi_assets.orchestration.steps import asset_step
from refi_assets.specs.sql_models import load_sql_models
