"""Matching by AWS Entity Resolution: a schema mapping, a workflow, one job, and the groups in its output.

AWS reads a Glue table of Parquet files and writes CSV below a prefix of the lake: ids, groups and reasons, and no other
data of a borrower. Its API cannot stop a job: after a time-out or an interrupt, the job goes on to its end and is
billed, and its output is not used. resolution.py turns the groups into pairs.
"""

import hashlib
import json
import logging
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refi_assets import aws
from refi_assets.engines.duckdb_sql import path_literal
from refi_assets.errors import IdentityError, SettingError
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import ObjectStore

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds between requests
BUSY = ("ThrottlingException", "InternalServerException")
RUNNING = ("QUEUED", "RUNNING")

# The kinds of columns: AWS's type, the key by which rules compare it, and whether it is a part of a whole. AWS joins
# parts to one value, and normalizes names, addresses and telephone numbers only if they are joined.
_ATTRIBUTES: dict[str, tuple[str, str, bool]] = {
    "given_name": ("NAME_FIRST", "name", True),
    "surname": ("NAME_LAST", "name", True),
    "full_name": ("NAME", "name", False),
    "date_of_birth": ("DATE", "date_of_birth", False),
    "email": ("EMAIL_ADDRESS", "email", False),
    "phone": ("PHONE_NUMBER", "phone", True),
    "street": ("ADDRESS_STREET1", "address", True),
    "city": ("ADDRESS_CITY", "address", True),
    "state": ("ADDRESS_STATE", "address", True),
    "postcode": ("ADDRESS_POSTALCODE", "address", True),
    "national_id": ("STRING", "national_id", False),
}

# A key of several parts is compared if all parts of one of these sets are present; fewer do not distinguish people.
_WHOLE: dict[str, tuple[set[str], ...]] = {
    "name": ({"full_name"}, {"given_name", "surname"}),
    "address": ({"street", "city"}, {"street", "postcode"}),
}

# Rules, strongest first: records are of one person if all keys of a rule are equal. AWS tries one after the other.
_RULES: tuple[tuple[str, ...], ...] = (
    ("national_id",),
    ("email", "name"),
    ("phone", "name"),
    ("name", "date_of_birth"),
    ("name", "address"),
)
_FATHER_AND_SON = ("name", "address")  # may be equal for both, so this rule is not used if there are dates of birth

# https://docs.aws.amazon.com/entityresolution/latest/userguide/troubleshooting.html
_RESERVED = {
    "confidencelevel",
    "emailaddress",
    "hashingprotocol",
    "inputsourcearn",
    "matchid",
    "matchrule",
    "recordid",
    "source",
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class AwsMatches:
    """The result of a job. Files are keys in the lake; error files list the records that were not processed."""

    job_id: str
    input_records: int
    match_ids: int
    records_not_processed: int
    files: tuple[str, ...]
    error_files: tuple[str, ...]


def match_on_aws(
    settings: IdentitySettings,
    lake: ObjectStore,
    database: str,
    table: str,
    id_column: str,
    columns: Mapping[str, str],
    output_prefix: str,
    *,
    client: Any = None,
) -> AwsMatches:
    """Match the records of a Glue table of Parquet files in which all columns are text.

    `id_column` is unique and, for rules, has at most 38 characters; `columns` has the kind of each column to compare (a
    key of `_ATTRIBUTES`). AWS writes below `output_prefix`, which belongs to this run alone. AWS may leave records
    unprocessed; the caller decides whether that is acceptable. An interrupt ends the wait, but not the job. `client` is
    boto3's, by default the deployment's.

    Raises IdentityError for a refusal, in AWS's words, for a job that fails or takes too long, and for columns that no
    rule fits; SettingError for a missing setting or a lake that is not on S3.
    """
    workflow_name, role_arn = settings.entity_resolution_workflow, settings.entity_resolution_role_arn
    location = f"{lake.address(output_prefix.rstrip('/'))}/"
    _require_settings(settings, lake, location)
    fields, rules = _schema(settings.entity_resolution_technique, id_column, columns)
    _require_names("[A-Za-z0-9_-]{1,255}", (database, table))
    api = _Api(client or aws.client("entityresolution"), settings)
    schema_name = f"{workflow_name}-{_fingerprint(fields)}"
    # A mapping in use cannot be changed. Its name has the hash of its fields, so it never needs to be.
    api.call("create_schema_mapping", expected=("ConflictException",), schemaName=schema_name, mappedInputFields=fields)
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    workflow: dict[str, Any] = {
        "workflowName": workflow_name,
        "roleArn": role_arn,
        "inputSourceConfig": [
            {
                "inputSourceARN": f"arn:{partition}:glue:{api.region}:{account}:table/{database}/{table}",
                "schemaName": schema_name,
                "applyNormalization": True,
            }
        ],
        "outputSourceConfig": [{"outputS3Path": location, "output": [{"name": id_column}]}],
        "resolutionTechniques": _technique(rules),
    }
    if api.call("update_matching_workflow", expected=("ResourceNotFoundException",), **workflow) is None:
        api.call("create_matching_workflow", **workflow)
    job = _run(api, workflow_name, location)
    return _matches(lake, output_prefix, job)


def match_groups(lake: ObjectStore, files: Sequence[str], id_column: str) -> str:
    """A query, in DuckDB's SQL, of a job's output: borrower_id, match_id, confidence, rule; one row a record.

    The confidence is from 0 to 1, or null if rules matched; the rule, as AWS names it, is null if the model matched.
    The query fails if a row has no id or no group, or a confidence outside that range.
    """
    names = (id_column, "RecordId", "MatchID", "ConfidenceLevel", "MatchRule")
    absent = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in names)
    written = f"SELECT {absent} WHERE false"  # rules write no confidence, the model no rule
    if files:
        paths = ", ".join(path_literal(lake.url(key)) for key in files)
        read = "header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true, union_by_name = true"
        written += f" UNION ALL BY NAME SELECT * FROM read_csv([{paths}], {read})"
    return (
        f'SELECT coalesce("{id_column}", "RecordId", error(\'no id\')) AS borrower_id, '
        "coalesce(\"MatchID\", error('no MatchID')) AS match_id, "
        'CASE WHEN "ConfidenceLevel" IS NULL OR CAST("ConfidenceLevel" AS DOUBLE) BETWEEN 0 AND 1 '
        "THEN CAST(\"ConfidenceLevel\" AS DOUBLE) ELSE error('ConfidenceLevel out of range') END AS confidence, "
        f'"MatchRule" AS rule FROM ({written}) AS written'
    )


class _Api:
    """Calls of the service. A request is repeated while AWS is too busy, until the time is up."""

    def __init__(self, client: Any, settings: IdentitySettings) -> None:
        self.region: str = client.meta.region_name
        self.subject = f"Entity Resolution, workflow {settings.entity_resolution_workflow}"
        self._client, self._minutes = client, settings.entity_resolution_minutes
        self._deadline = time.monotonic() + self._minutes * 60
        self._pause = FIRST_PAUSE

    def call(
        self, operation: str, *, expected: Collection[str] = (), passing: Collection[str] = (), **request: Any
    ) -> dict[str, Any] | None:
        """The answer, or None for an expected error. `passing` errors are waited for. Raises IdentityError."""
        from botocore.exceptions import ClientError

        with aws.readable_errors(self.subject, IdentityError):
            while True:
                try:
                    answer: dict[str, Any] = getattr(self._client, operation)(**request)
                    return answer
                except ClientError as error:
                    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
                    if code in expected:
                        return None
                    if code not in (*BUSY, *passing):
                        raise
                    if not self.wait():
                        reason = aws.answer_in_words(code, message).rstrip(".")
                        raise IdentityError(f"{self.subject}: {reason}. {self.limit}") from None

    def wait(self) -> bool:
        """Pause, each time longer; returns whether there was time left for it."""
        if time.monotonic() > self._deadline:
            return False
        time.sleep(self._pause)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
        return True

    @property
    def limit(self) -> str:
        """A sentence with the time limit."""
        return f"REFI_ENTITY_RESOLUTION_MINUTES allows {self._minutes:g} minutes."


def _require_settings(settings: IdentitySettings, lake: ObjectStore, location: str) -> None:
    for name in ("workflow", "role_arn"):
        if not getattr(settings, f"entity_resolution_{name}"):
            raise SettingError(
                f"REFI_ENTITY_RESOLUTION_{name.upper()}: matching by AWS Entity Resolution needs this setting; see "
                "docs/deploy-aws.md."
            )
    if not location.startswith("s3://"):
        raise SettingError(
            f"REFI_LAKE_URL: AWS Entity Resolution writes only to S3, and the lake is {lake}. Use a lake on S3, or "
            "another REFI_IDENTITY_ENGINE."
        )


def _schema(
    technique: str, id_column: str, columns: Mapping[str, str]
) -> tuple[list[dict[str, str]], list[tuple[str, ...]]]:
    """The fields of the schema mapping, and the rules that they allow (none for ml). Raises IdentityError."""
    _require_names("[A-Za-z0-9_ -]{1,255}", (id_column, *columns), _RESERVED)
    kinds = set(columns.values())
    if unknown := kinds - _ATTRIBUTES.keys():
        raise IdentityError(
            f"Entity Resolution: a column cannot be {', '.join(sorted(unknown))}, only {', '.join(_ATTRIBUTES)}."
        )
    if len(kinds) < len(columns) or ("full_name" in kinds and kinds & {"given_name", "surname"}):
        raise IdentityError(f"Entity Resolution: of columns {', '.join(columns)}, two are the same; map one of them.")
    keys = {_ATTRIBUTES[kind][1] for kind in kinds}
    rules: list[tuple[str, ...]] = []
    if technique == "ml":
        compared = keys - {"national_id"}  # AWS's model compares names, addresses and the like, but no other text
        if not compared:
            raise IdentityError("Entity Resolution: the model compares nothing in these columns; add names, say.")
    else:
        rules = _rules(keys, kinds)
        compared = {key for rule in rules for key in rule}  # AWS does not see the other columns
    fields = [{"fieldName": id_column, "type": "UNIQUE_ID"}]
    for column, kind in columns.items():
        type_, key, is_part = _ATTRIBUTES[kind]
        if key in compared:
            fields.append({"fieldName": column, "type": type_, "matchKey": key})
            if is_part:
                fields[-1]["groupName"] = f"whole_{key}"
    return fields, rules


def _rules(keys: set[str], kinds: set[str]) -> list[tuple[str, ...]]:
    """The rules whose keys are all complete. Raises IdentityError if there is none."""
    complete = {key for key in keys if any(parts <= kinds for parts in _WHOLE.get(key, (set(),)))}
    rules = [
        rule
        for rule in _RULES
        if complete.issuperset(rule) and not (rule == _FATHER_AND_SON and "date_of_birth" in complete)
    ]
    if not rules:
        raise IdentityError(
            f"Entity Resolution: no rule fits columns that are {', '.join(sorted(kinds)) or 'none'}. Rules compare "
            f"{'; '.join(' and '.join(rule) for rule in _RULES)}; a name is a full name, or a given name and a "
            "surname, and an address has a street."
        )
    return rules


def _require_names(pattern: str, names: Iterable[str], reserved: Collection[str] = ()) -> None:
    for name in names:
        if not re.fullmatch(pattern, name) or name.lower() in reserved:
            raise IdentityError(f"Entity Resolution does not accept the name {name!a}: rename it.")


def _fingerprint(fields: list[dict[str, str]]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:12]


def _technique(rules: list[tuple[str, ...]]) -> dict[str, Any]:
    if not rules:
        return {"resolutionType": "ML_MATCHING"}
    named = [{"ruleName": " and ".join(keys), "matchingKeys": list(keys)} for keys in rules]
    return {
        "resolutionType": "RULE_MATCHING",
        "ruleBasedProperties": {"rules": named, "attributeMatchingModel": "ONE_TO_ONE"},
    }


def _run(api: _Api, workflow_name: str, location: str) -> dict[str, Any]:
    """Run a job to its end; returns AWS's record of it."""
    # A workflow runs one job at a time; an earlier job may still be running, since it could not be stopped.
    already_running = ("ConflictException", "ExceedsLimitException")
    started = api.call("start_matching_job", passing=already_running, workflowName=workflow_name)
    job_id = (started or {})["jobId"]
    api.subject += f", job {job_id}"
    _LOG.info("%s: started.", api.subject)
    try:
        while True:
            job = api.call("get_matching_job", workflowName=workflow_name, jobId=job_id) or {}
            if job["status"] not in RUNNING:
                break
            if not api.wait():
                raise IdentityError(
                    f"{api.subject}: still {job['status']}. {api.limit} AWS cannot stop it: the job goes on, but its "
                    "output is not used. See it in the console of Entity Resolution, then allow more time."
                )
    except Exception:
        raise
    except BaseException:  # an interrupt: Dagster's own are not KeyboardInterrupt
        _LOG.warning("%s: interrupted. AWS cannot stop it: the job goes on, but its output is not used.", api.subject)
        raise
    if job["status"] != "SUCCEEDED":
        reason = job.get("errorDetails", {}).get("errorMessage", "AWS gives no reason")
        raise IdentityError(f"{api.subject}: ended as {job['status']}: {reason.rstrip('.')}.")
    for output in job.get("outputSourceConfig", []):
        if output["outputS3Path"].rstrip("/") != location.rstrip("/"):
            raise IdentityError(
                f"{api.subject}: it wrote to {output['outputS3Path']} and not to {location}, since another run changed "
                "the workflow in the meantime. Start the runs again, one after the other."
            )
    return job


def _matches(lake: ObjectStore, prefix: str, job: dict[str, Any]) -> AwsMatches:
    """The output of a job that succeeded: <workflow>/<job>/success/ and error/, in any number of files."""
    job_id, metrics = job["jobId"], job.get("metrics", {})
    keys = [info.key for info in lake.objects(prefix.rstrip("/")) if info.size]
    matches = AwsMatches(
        job_id,
        metrics.get("inputRecords", 0),
        metrics.get("matchIDs", 0),
        metrics.get("recordsNotProcessed", 0),
        tuple(key for key in keys if f"/{job_id}/success/" in key),
        tuple(key for key in keys if f"/{job_id}/error/" in key),
    )
    if not matches.files and matches.match_ids:
        raise IdentityError(
            f"Entity Resolution, job {job_id}: it found {matches.match_ids} people, but wrote no file below "
            f"{lake.address(prefix.rstrip('/'))}/. Check that its role may write there: AWS "
            "delivers the files once it may."
        )
    if matches.records_not_processed:
        folder = lake.address(matches.error_files[0]).rpartition("/")[0] if matches.error_files else "no file"
        _LOG.warning(
            "Entity Resolution, job %s: %d of %d records were not processed; the reasons are in %s.",
            job_id,
            matches.records_not_processed,
            matches.input_records,
            folder,
        )
    return matches
