"""Matching by AWS Entity Resolution: a schema mapping, a workflow, one job, and the groups that it found.

AWS reads a Glue table of Parquet files and writes CSV below a prefix of the lake: ids, groups and reasons, and nothing
else of a borrower. Its API cannot stop a job: one that nobody waits for any more runs on to its end, is billed, and
what it writes is used by nobody. What the groups mean for the platform is not said here.
"""

import hashlib
import json
import logging
import re
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from refi_assets import aws
from refi_assets.engines.duckdb_sql import path_literal
from refi_assets.errors import IdentityError, SettingError
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake import ObjectStore

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds between looks
BUSY = ("ThrottlingException", "InternalServerException")
RUNNING = ("QUEUED", "RUNNING")

# What a column may be: AWS's type, the key by which rules compare it, and whether it is a part of a whole: parts are
# joined to one value, and AWS normalises names, addresses and telephone numbers that are.
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

# A key of several parts is compared where all parts of one of these sets are there; less tells nobody apart.
_WHOLE: dict[str, tuple[set[str], ...]] = {
    "name": ({"full_name"}, {"given_name", "surname"}),
    "address": ({"street", "city"}, {"street", "postcode"}),
}

# Rules, the strongest first: records are one person's where all these keys are equal. AWS tries one after the other.
_RULES: tuple[tuple[str, ...], ...] = (
    ("national_id",),
    ("email", "name"),
    ("phone", "name"),
    ("name", "date_of_birth"),
    ("name", "address"),
)
_FATHER_AND_SON = ("name", "address")  # may be equal of both, so that a date of birth, where there is one, decides

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
class AwsMatching:
    """What this deployment's settings say of matching on AWS. Raises SettingError where they do not suffice."""

    workflow: str  # the workflow's name; schema mappings' names begin with it
    role_arn: str  # what AWS takes on to read the table and to write into the lake
    technique: Literal["rules", "ml"] = "rules"
    minutes: float = 60  # how long a job may take, waiting for others included

    def __post_init__(self) -> None:
        for value, name in ((self.workflow, "WORKFLOW"), (self.role_arn, "ROLE_ARN")):
            if not value:
                raise SettingError(
                    f"REFI_ENTITY_RESOLUTION_{name}: matching by AWS Entity Resolution needs it. Set it; "
                    "docs/deploy-aws.md tells where it comes from."
                )

    @classmethod
    def of(cls, settings: IdentitySettings) -> Self:
        """The settings' own."""
        return cls(
            settings.entity_resolution_workflow,
            settings.entity_resolution_role_arn,
            settings.entity_resolution_technique,
            settings.entity_resolution_minutes,
        )


@dataclass(frozen=True)
class AwsMatches:
    """What a job came to. Files are keys in the lake; those of errors hold the records that were not processed."""

    job_id: str
    input_records: int
    match_ids: int
    records_not_processed: int
    files: tuple[str, ...]
    error_files: tuple[str, ...]


def match_on_aws(
    matching: AwsMatching,
    lake: ObjectStore,
    database: str,
    table: str,
    id_column: str,
    columns: Mapping[str, str],
    output_prefix: str,
    *,
    client: Any = None,
) -> AwsMatches:
    """Match the records of a Glue table of Parquet files, all columns of which are text.

    `id_column` is unique and, for rules, of 38 characters at most; `columns` says of others what they are (a name of
    `_ATTRIBUTES`). What AWS writes goes below `output_prefix`, which is this run's own. Some records may be left
    unprocessed: whether that will do is for the caller to say. An interrupt ends the waiting; AWS's job runs on.
    `client` is boto3's, by default this deployment's.

    Raises IdentityError in AWS's words for what AWS refuses, for a job that fails or takes too long, and for columns
    that no rule fits; SettingError for a lake that is not on S3.
    """
    location = f"{lake.address(output_prefix.rstrip('/'))}/"
    if not location.startswith("s3://"):
        raise SettingError(
            f"REFI_LAKE_URL: AWS Entity Resolution writes to S3 alone, and the lake is {lake}. Use one on S3, or "
            "another engine for identities."
        )
    fields, rules = _schema(matching.technique, id_column, columns)
    _require_names("[A-Za-z0-9_-]{1,255}", (database, table))
    api = _Api(client or aws.client("entityresolution"), matching)
    schema_name = f"{matching.workflow}-{_fingerprint(fields)}"
    # A mapping that a workflow uses cannot be changed. One of this name has these fields, so that it need not be.
    api.ask("create_schema_mapping", expected=("ConflictException",), schemaName=schema_name, mappedInputFields=fields)
    _, partition, _, _, account, _ = matching.role_arn.split(":", 5)
    workflow: dict[str, Any] = {
        "workflowName": matching.workflow,
        "roleArn": matching.role_arn,
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
    if api.ask("update_matching_workflow", expected=("ResourceNotFoundException",), **workflow) is None:
        api.ask("create_matching_workflow", **workflow)
    job = _run(api, matching, location)
    return _matches(lake, output_prefix, job)


def match_groups(lake: ObjectStore, files: Sequence[str], id_column: str) -> str:
    """A query in DuckDB's own SQL of what a job wrote: borrower_id, match_id, confidence, rule; a row a record.

    The confidence is from 0 to 1, and null by rules; the rule, in AWS's words, is null by ml. The query fails where a
    row lacks an id or a group, or its confidence is out of that range.
    """
    names = (id_column, "RecordId", "MatchID", "ConfidenceLevel", "MatchRule")
    absent = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in names)
    written = f"SELECT {absent} WHERE false"  # a file has no column for what its technique does not tell
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
    """AWS's calls, in its words; what AWS was too busy for is asked again until the time is up."""

    def __init__(self, client: Any, matching: AwsMatching) -> None:
        self.region: str = client.meta.region_name
        self.what = f"Entity Resolution, workflow {matching.workflow}"
        self._client, self._minutes = client, matching.minutes
        self._deadline = time.monotonic() + matching.minutes * 60
        self._pause = FIRST_PAUSE

    def ask(
        self, operation: str, *, expected: Collection[str] = (), passing: Collection[str] = (), **request: Any
    ) -> dict[str, Any] | None:
        """An answer, or None for an expected error. `passing` errors go by with time. Raises IdentityError."""
        from botocore.exceptions import ClientError

        with aws.readable_errors(self.what, IdentityError):
            while True:
                try:
                    answer: dict[str, Any] = getattr(self._client, operation)(**request)
                    return answer
                except ClientError as error:
                    said = error.response["Error"]
                    if said["Code"] in expected:
                        return None
                    if said["Code"] not in (*BUSY, *passing):
                        raise
                    if not self.wait():
                        words = aws.answer_in_words(said["Code"], said["Message"]).rstrip(".")
                        raise IdentityError(f"{self.what}: {words}. {self.allowed}") from None

    def wait(self) -> bool:
        """Wait a while, each time longer; returns whether there was time for it."""
        if time.monotonic() > self._deadline:
            return False
        time.sleep(self._pause)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
        return True

    @property
    def allowed(self) -> str:
        """How long was allowed."""
        return f"REFI_ENTITY_RESOLUTION_MINUTES allow {self._minutes:g} minutes, no more."


def _schema(
    technique: str, id_column: str, columns: Mapping[str, str]
) -> tuple[list[dict[str, str]], list[tuple[str, ...]]]:
    """The fields of the schema mapping, and the rules that they allow (none for ml)."""
    _require_names("[A-Za-z0-9_ -]{1,255}", (id_column, *columns), _RESERVED)
    kinds = set(columns.values())
    if unknown := kinds - _ATTRIBUTES.keys():
        raise IdentityError(
            f"Entity Resolution: a column cannot be {', '.join(sorted(unknown))}, but {', '.join(_ATTRIBUTES)}."
        )
    if len(kinds) < len(columns) or ("full_name" in kinds and kinds & {"given_name", "surname"}):
        raise IdentityError(f"Entity Resolution: of columns {', '.join(columns)}, two are the same; give one of them.")
    whole = {_ATTRIBUTES[kind][1] for kind in kinds}
    if technique == "ml":
        compared = whole - {"national_id"}  # AWS's model looks at names, addresses and the like, not at other text
        rules = []
        if not compared:
            raise IdentityError("Entity Resolution: the model compares nothing of these columns; give names, say.")
    else:
        whole = {key for key in whole if any(parts <= kinds for parts in _WHOLE.get(key, (set(),)))}
        rules = [keys for keys in _RULES if whole.issuperset(keys)]
        if "date_of_birth" in whole:
            rules = [keys for keys in rules if keys != _FATHER_AND_SON]
        if not rules:
            wanted = "; ".join(" and ".join(keys) for keys in _RULES)
            raise IdentityError(
                f"Entity Resolution: no rule fits columns that are {', '.join(sorted(kinds)) or 'none'}. Rules compare "
                f"{wanted}; a name is a full name, or a given name and a surname, an address has a street."
            )
        compared = {key for keys in rules for key in keys}  # what no rule compares is not shown to AWS
    fields = [{"fieldName": id_column, "type": "UNIQUE_ID"}]
    for column, kind in columns.items():
        type_, key, is_part = _ATTRIBUTES[kind]
        if key in compared:
            fields.append({"fieldName": column, "type": type_, "matchKey": key})
            if is_part:
                fields[-1]["groupName"] = f"whole_{key}"
    return fields, rules


def _require_names(pattern: str, names: Iterable[str], reserved: Collection[str] = ()) -> None:
    for name in names:
        if not re.fullmatch(pattern, name) or name.lower() in reserved:
            raise IdentityError(f"Entity Resolution does not take the name {name!a}: rename it.")


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


def _run(api: _Api, matching: AwsMatching, location: str) -> dict[str, Any]:
    """Run a job to its end; returns AWS's record of it."""
    # One job a workflow and region at a time; an earlier one may be running on, as it could not be stopped.
    others = ("ConflictException", "ExceedsLimitException")
    started = api.ask("start_matching_job", passing=others, workflowName=matching.workflow)
    job_id = (started or {})["jobId"]
    api.what += f", job {job_id}"
    _LOG.info("%s: began.", api.what)
    try:
        while True:
            job = api.ask("get_matching_job", workflowName=matching.workflow, jobId=job_id) or {}
            if job["status"] not in RUNNING:
                break
            if not api.wait():
                raise IdentityError(
                    f"{api.what}: still {job['status']}, and {api.allowed} AWS cannot stop it: it runs on, and what it "
                    "writes is not used. See it in the console of Entity Resolution, then give it longer."
                )
    except Exception:
        raise
    except BaseException:  # interrupted: Dagster's own interrupts are no KeyboardInterrupt
        _LOG.warning("%s: interrupted. AWS cannot stop it: it runs on, and what it writes is not used.", api.what)
        raise
    if job["status"] != "SUCCEEDED":
        why = job.get("errorDetails", {}).get("errorMessage", "AWS says no more")
        raise IdentityError(f"{api.what}: ended as {job['status']}: {why.rstrip('.')}.")
    for output in job.get("outputSourceConfig", []):
        if output["outputS3Path"].rstrip("/") != location.rstrip("/"):
            raise IdentityError(
                f"{api.what}: it wrote to {output['outputS3Path']} and not to {location}: another run changed the "
                "workflow meanwhile. Run again, one after the other."
            )
    return job


def _matches(lake: ObjectStore, prefix: str, job: dict[str, Any]) -> AwsMatches:
    """What a job that succeeded wrote: <workflow>/<job>/success/ and error/, in any number of files."""
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
            f"{lake.address(prefix.rstrip('/'))}/. May its role write there? AWS delivers later where it then may."
        )
    if matches.records_not_processed:
        where = lake.address(matches.error_files[0]).rpartition("/")[0] if matches.error_files else "no file"
        _LOG.warning(
            "Entity Resolution, job %s: %d of %d records were not processed; AWS says why in %s.",
            job_id,
            matches.records_not_processed,
            matches.input_records,
            where,
        )
    return matches
