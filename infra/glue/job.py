"""The script of the job of AWS Glue. Everything else is in the packages that the job installs (infra/glue/build.py)."""

import sys

from refi_assets.cli.glue_job import run_glue_job

run_glue_job(sys.argv[1:])
