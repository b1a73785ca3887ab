"""Terraform in a folder of its own: a copy of infra/terraform, so that nothing is left in the project's.

The AWS provider comes from REFI_TF_PLUGIN_DIR where that is set (a folder for `terraform init -plugin-dir`). Else from
the registry, and where that cannot be reached, from a folder of plugins that the machine has below /opt.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).resolve().parents[2] / "infra" / "terraform"


class Terraform:
    """Terraform with the root module of a folder; `environment` is added to that of the tests."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        config = Path(os.environ.get("TF_CLI_CONFIG_FILE", ""))
        if config.is_file():
            kept["TF_CLI_CONFIG_FILE"] = str(config)
        self._environment = {
            **kept,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            **(environment or {}),
        }

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command; one that ends with another code than expected is the test's failure, with what it said."""
        done = subprocess.run(
            [_terraform(), *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if expect is not None and done.returncode != expect:
            pytest.fail(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def init(self) -> None:
        """Get modules and provider."""
        plain = ("init", "-input=false", "-no-color", "-backend=false")
        if given := os.environ.get("REFI_TF_PLUGIN_DIR"):
            self.run(*plain, f"-plugin-dir={given}")
            return
        said = self.run(*plain, expect=None)
        for plugins in sorted(Path("/opt").glob("*tf-plugins")) if said.returncode else []:
            said = self.run(*plain, f"-plugin-dir={plugins}", expect=None)
        if said.returncode:
            pytest.fail(f"The AWS provider cannot be had; name a folder with it by REFI_TF_PLUGIN_DIR.\n{said.stderr}")

    def outputs(self) -> dict[str, Any]:
        """The values of the root module's outputs."""
        shown = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in shown.items()}


def _terraform() -> str:
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not on PATH; install it from https://developer.hashicorp.com/terraform/install")
    return found


def copy_of_modules(folder: Path, *, tests: bool = False) -> Path:
    """The project's modules in a folder, without what a user's own `terraform init` left in them."""
    left_out = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", *([] if tests else ["tests"]))
    return Path(shutil.copytree(MODULES, folder, ignore=left_out))


def rendered_policies(
    folder: Path,
    *,
    bucket: str = "a-lake",
    root: str = "lake/",
    database: str = "refi_ready_db",
    workgroup: str = "refi-pipeline",
    queue: str = "refi-arrivals",
    topic: str = "refi-alerts",
    crawler: str | None = "refi-raw",
    matching: str | None = None,
    metrics_namespace: str = "refi_assets",
    region: str = "us-east-1",
    account: str = "123456789012",
) -> dict[str, dict[str, Any]]:
    """The policy documents of the roles pipeline, analysts and senders, for a deployment of such names.

    All ARNs go into the module, so that no AWS, nor a stand-in for it, is asked. Takes a few seconds.
    """
    copy_of_modules(folder)
    for file in folder.glob("*.tf"):
        file.unlink()

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    names = {
        "name": "refi",
        "region": region,
        "lake": {"bucket_arn": f"arn:aws:s3:::{bucket}", "root": root, "key_arn": arn("kms", "key/lake")},
        "catalog": {
            "catalog_arn": arn("glue", "catalog"),
            "database_arn": arn("glue", f"database/{database}"),
            "default_database_arn": arn("glue", "database/default"),
            "tables_arn": arn("glue", f"table/{database}/*"),
            "crawler_arns": [arn("glue", f"crawler/{crawler}")] if crawler else [],
        },
        "workgroups": {
            "pipeline_arn": arn("athena", f"workgroup/{workgroup}"),
            "analysts_arn": arn("athena", "workgroup/refi-analysts"),
        },
        "queue_arn": arn("sqs", queue),
        "topic": {"arn": arn("sns", topic), "key_arn": arn("kms", "key/alerts")},
        "metrics_namespace": metrics_namespace,
        "matchings": [
            {
                "workflow_arn": arn("entityresolution", f"matchingworkflow/{matching}"),
                "role_arn": f"arn:aws:iam::{account}:role/refi-matcher",
            }
        ]
        if matching
        else [],
        "account_arn": f"arn:aws:iam::{account}:root",
        "pipeline_principals": {},
        "analyst_principals": {},
        "sender_principals": {},
    }
    main = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}},
        "provider": {"aws": {"skip_credentials_validation": True, "skip_requesting_account_id": True}},
        "module": {"access": {"source": "./modules/access", **names}},
        "output": {"policies": {"value": "${module.access.policies}"}},
    }
    (folder / "main.tf.json").write_text(json.dumps(main))
    terraform = Terraform(folder)
    terraform.init()
    terraform.run("plan", "-input=false", "-no-color", "-out=plan")
    plan = json.loads(terraform.run("show", "-json", "plan").stdout)
    documents = plan["planned_values"]["outputs"]["policies"]["value"]
    return {role: json.loads(document) for role, document in documents.items()}
