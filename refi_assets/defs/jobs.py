"""Jobs: the whole graph as one run."""

import dagster as dg

REFI_JOB = "refi"


@dg.definitions
def jobs() -> dg.Definitions:
    """The refi job: everything from the source files to the published audience, with all checks."""
    return dg.Definitions(
        jobs=[
            dg.define_asset_job(
                REFI_JOB,
                selection=dg.AssetSelection.groups("raw", "catalog", "staging", "identity", "refi", "activation"),
                description="From the source files to the published audience of one as-of day.",
            )
        ]
    )
