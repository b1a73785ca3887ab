"""The script of the job of AWS Glue. Everything else is in the packages that the job installs (infra/glue/build.py).

Settings come as arguments such as --REFI_LAKE_URL, because a job of Glue has no environment variables of its own.
"""

import os
import sys
from itertools import pairwise

SETTINGS = ("--REFI_", "--AWS_")

os.environ.update({name[2:]: value for name, value in pairwise(sys.argv) if name.startswith(SETTINGS)})

from refi_assets.cli.glue_job import run_glue_job  # noqa: E402 - reads the settings

run_glue_job()
