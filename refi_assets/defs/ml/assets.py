"""Assets of the ml domain: its sources, the features, and the published features of every customer.

Features are defined in sql/ml/features/, and what they read in sql/ml/input/.
"""

import dagster as dg

from refi_assets.defs.ml import ML
from refi_assets.orchestration.models import model_definitions
from refi_assets.orchestration.publications import publication_asset
from refi_assets.orchestration.sources import source_definitions
from refi_assets.orchestration.sql_assets import sql_relation
from refi_assets.publishing.publication import Publication
from refi_assets.specs.contracts import quarantine_of

FILE = "ml/feature_file"

# Nothing may be published unless the blocking checks of all of these pass.
INPUTS = ("ml/customer_features", "ml/credit_decision_features", quarantine_of("ml"))


@dg.definitions
def sources() -> dg.Definitions:
    """The sources of contracts/ml/."""
    return source_definitions(ML)


@dg.definitions
def models() -> dg.Definitions:
    """The models of policies/ml/models/, the watch over their champions, and retraining."""
    return model_definitions(ML)


@dg.definitions
def feature_relations() -> dg.Definitions:
    """Features of all customers and decisions, computed once; decisions to learn from, customers to score."""
    return dg.Definitions.merge(
        sql_relation(ML, "ml/subject", kind="view"),
        sql_relation(ML, "ml/subject_features", kind="table"),
        sql_relation(ML, "ml/credit_decision_features", kind="view"),
        sql_relation(ML, "ml/customer_features", kind="view"),
        dg.Definitions(assets=[publication_asset(ML, FILE, Publication("ml"), INPUTS)]),
    )
