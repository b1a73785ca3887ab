"""The policies of offers: the limits of checks that all programs share, and everything that decides one program's offers.

Limits are in policies/offers/offers.yaml, programs in policies/offers/programs/, the rules of states in
policies/offers/states.yaml.
"""

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from refi_assets.errors import SettingError
from refi_assets.offers.program import Program, load_program, programs
from refi_assets.offers.states import States, load_states
from refi_assets.specs.policies import CheckLimits, Percent, Policy, Section, load_policy, policy_file, read_policy_yaml
from refi_assets.specs.sql_models import Parameter

BUNDLE = {"program", "states", "other_products", "limits"}  # of what a manifest keeps of a program's policy
