"""Terraform on a copy of infra/terraform, so that nothing is left in the project.

The AWS provider comes from REFI_TF_PLUGIN_DIR, if set (a folder for `terraform init -plugin-dir`), else from the
registry, or, if that cannot be reached, from a folder of plugins below /opt.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MODULES = Path(__file__).resolve().parents[2] / "infra" / "terraform"
REGION, ACCOUNT = "us-east-1", "123456789012"


class Terraform:
    """Terraform with the root module of a folder; `environment` is added to the tests' own."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        config = Path(os.environ.get("TF_CLI_CONFIG_FILE", ""))
        if config.is_file():
            kept["TF_CLI_CONFIG_FILE"] = str(config)
        self._environment = {
            **kept,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            **(environment or {}),
        }

    def run(self, *arguments: str, expect: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command. An unexpected exit code fails the test with the command's output."""
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
        """Install modules and provider."""
        plain = ("init", "-input=false", "-no-color", "-backend=false")
        if plugins := os.environ.get("REFI_TF_PLUGIN_DIR"):
            self.run(*plain, f"-plugin-dir={plugins}")
            return
        result = self.run(*plain, expect=None)
        for folder in sorted(Path("/opt").glob("*tf-plugins")) if result.returncode else []:
            result = self.run(*plain, f"-plugin-dir={folder}", expect=None)
        if result.returncode:
            pytest.fail(f"The AWS provider is not available; set REFI_TF_PLUGIN_DIR to its folder.\n{result.stderr}")

    def outputs(self) -> dict[str, Any]:
        """The values of the root module's outputs."""
        shown = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in shown.items()}


def _terraform() -> str:
    path = shutil.which("terraform")
    if path is None:
        pytest.skip("terraform is not on PATH; install it from https://developer.hashicorp.com/terraform/install")
    return path


def copy_of_modules(folder: Path, *, tests: bool = False) -> Path:
    """Copy the project's modules to a folder, without files of a user's own `terraform init`."""
    left_out = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", *([] if tests else ["tests"]))
    return Path(shutil.copytree(MODULES, folder, ignore=left_out))


# The document of each role: pipeline, analysts, recipients, senders and, if there is a Spark job, spark_job.
Policies = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """The names of a deployment's parts, as in the roles' policies."""

    bucket: str = "a-lake"
    root: str = "lake/"
    database: str = "refi_ready_db"
    workgroup: str = "refi-pipeline"
    queue: str = "refi-arrivals"
    topic: str = "refi-alerts"
    crawler: str | None = "refi-raw"
    matching: str | None = None
    masking_secret: str | None = None
    spark_job: str | None = None
    metrics_namespace: str = "refi_assets"

    def inputs(self) -> dict[str, Any]:
        """The inputs of the module `access`: all ARNs, so that neither AWS nor a stand-in is needed."""
        return {
            "name": "refi",
            "region": REGION,
            "lake": {
                "bucket_arn": f"arn:aws:s3:::{self.bucket}",
                "root": self.root,
                "key_arn": _arn("kms", "key/lake"),
            },
            "catalog": {
                "catalog_arn": _arn("glue", "catalog"),
                "database_arn": _arn("glue", f"database/{self.database}"),
                "default_database_arn": _arn("glue", "database/default"),
                "tables_arn": _arn("glue", f"table/{self.database}/*"),
                "group_databases_arn": _arn("glue", f"database/{self.database}_*"),
                "group_tables_arn": _arn("glue", f"table/{self.database}_*/*"),
                "crawler_arns": [_arn("glue", f"crawler/{self.crawler}")] if self.crawler else [],
            },
            "workgroups": {
                "pipeline_arn": _arn("athena", f"workgroup/{self.workgroup}"),
                "analysts_arn": _arn("athena", "workgroup/refi-analysts"),
            },
            "queue_arn": _arn("sqs", self.queue),
            "topic": {"arn": _arn("sns", self.topic), "key_arn": _arn("kms", "key/alerts")},
            "metrics_namespace": self.metrics_namespace,
            "matchings": [
                {
                    "workflow_arn": _arn("entityresolution", f"matchingworkflow/{self.matching}"),
                    "role_arn": f"arn:aws:iam::{ACCOUNT}:role/refi-matcher",
                }
            ]
            if self.matching
            else [],
            "spark_jobs": [{"arn": _arn("glue", f"job/{self.spark_job}")}] if self.spark_job else [],
            "account_arn": f"arn:aws:iam::{ACCOUNT}:root",
            "pipeline_principals": {},
            "analyst_principals": {},
            "recipient_principals": {},
            "sender_principals": {},
            "masking_secret_arns": [_arn("secretsmanager", f"secret:{self.masking_secret}")]
            if self.masking_secret
            else [],
        }

    def spark_inputs(self) -> dict[str, Any]:
        """The inputs of the module `spark`."""
        return {
            "name": "refi",
            "release": "1",
            "workers": {"type": "G.1X", "count": 2},
            "timeout_minutes": 50,
            "settings": {},
            "metrics_namespace": self.metrics_namespace,
            "keep_logs_days": 90,
            "lake": {"bucket": self.bucket, **self.inputs()["lake"]},
            "aws": {"partition": "aws", "region": REGION, "account": ACCOUNT},
        }


# The deployments whose policies tests read: Terraform renders them all at once.
DEPLOYMENTS = {
    "plain": Names(),
    "a whole bucket without a crawler": Names(root="", crawler=None),
    "with matching": Names(matching="refi-borrowers"),
    "with a Spark job": Names(spark_job="refi-banking"),
    "of any names": Names(
        bucket="*", root="*/", database="*", workgroup="*", queue="*", topic="*", crawler="*",
        masking_secret="*", spark_job="*", metrics_namespace="refi_tests",
    ),
    "of the test of least privilege": Names(
        bucket="least-privilege", root="lender/", database="least_privilege", workgroup="primary",
        queue="least-privilege-arrivals", topic="least-privilege-alerts", crawler="least-privilege-raw",
        masking_secret="least-privilege-masking-*", metrics_namespace="refi_tests",
    ),
}  # fmt: skip


def rendered_policies(folder: Path) -> dict[str, Policies]:
    """The policies of all DEPLOYMENTS, by name, rendered in a new folder. Takes a few seconds."""
    copy_of_modules(folder)
    for file in folder.glob("*.tf"):
        file.unlink()
    modules, policies = {}, []
    for number, names in enumerate(DEPLOYMENTS.values()):
        modules[f"access_{number}"] = {"source": "./modules/access", **names.inputs()}
        policies.append(f"module.access_{number}.policies")
        if names.spark_job:
            modules[f"spark_{number}"] = {"source": "./modules/spark", **names.spark_inputs()}
            policies[-1] = f"merge({policies[-1]}, {{ spark_job = module.spark_{number}.policy }})"
    main = {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}},
        "provider": {"aws": {"skip_credentials_validation": True, "skip_requesting_account_id": True}},
        "module": modules,
        "output": {"policies": {"value": [f"${{{expression}}}" for expression in policies]}},
    }
    (folder / "main.tf.json").write_text(json.dumps(main))
    terraform = Terraform(folder)
    terraform.init()
    terraform.run("plan", "-input=false", "-no-color", "-out=plan")
    plan = json.loads(terraform.run("show", "-json", "plan").stdout)
    rendered = plan["planned_values"]["outputs"]["policies"]["value"]
    return {
        name: {role: json.loads(document) for role, document in documents.items()}
        for name, documents in zip(DEPLOYMENTS, rendered, strict=True)
    }


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
