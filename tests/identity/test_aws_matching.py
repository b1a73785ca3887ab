"""AWS Entity Resolution: the requests, the use of the answers, and the message for every failure."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, IdentityError, SettingError
from refi_assets.identity import aws_matching
from refi_assets.identity.aws_matching import AwsMatches, match_groups, match_on_aws
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake.folder_store import FolderStore
from tests.fakes.entity_resolution_api import (
    JOB,
    OPERATIONS,
    OUTPUT,
    ROLE,
    TABLE,
    WORKFLOW,
    EntityResolution,
    LakeOnS3,
)

COLUMNS = {"first_name": "given_name", "last_name": "surname", "mail": "email", "born": "date_of_birth"}
DONE = {"status": "SUCCEEDED", "metrics": {"inputRecords": 3, "matchIDs": 2, "recordsNotProcessed": 0}}

# As the service writes them: https://github.com/aws-samples/sample-c360-text2sql-segmentation-entityresolution
# (lib/data-storage.ts) has the columns of ml, and the user guide's glossary MatchRule.
BY_RULES = f"""InputSourceARN,borrower_id,RecordId,MatchID,MatchRule
{TABLE},007,007,a1,email and name
{TABLE},B2,B2,a1,email and name
{TABLE},"B,3",B3,b1,
"""
BY_MODEL = f"""InputSourceARN,ConfidenceLevel,RecordId,MatchID
{TABLE},0.984375,007,a1
{TABLE},1.0,B2,a1
{TABLE},,B3,b1
"""


class Clock:
    """Time for the module under test: only sleeping makes it pass."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.interrupt: BaseException | None = None

    def monotonic(self) -> float:
        return sum(self.pauses)

    def sleep(self, seconds: float) -> None:
        if self.interrupt:
            raise self.interrupt
        self.pauses.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(aws_matching, "time", clock)
    return clock


@pytest.fixture
def service(clock: Clock) -> Iterator[EntityResolution]:
    service = EntityResolution()
    yield service
    assert service.refusals == []


@pytest.fixture
def lake(tmp_path: Path) -> LakeOnS3:
    return LakeOnS3(str(tmp_path / "lake"))


def match(
    service: EntityResolution,
    lake: FolderStore,
    columns: dict[str, str] = COLUMNS,
    table: str = "run_one__identity_input",
    **settings: Any,
) -> AwsMatches:
    settings = {"workflow": WORKFLOW, "role_arn": ROLE} | settings
    return match_on_aws(
        IdentitySettings(**{f"entity_resolution_{name}": value for name, value in settings.items()}),
        lake,
        "refi_ready_db",
        table,
        "borrower_id",
        columns,
        f"{OUTPUT}/",
        client=service.client,
    )


def write_output(lake: FolderStore, text: str, name: str = "part-0.csv", folder: str = "success") -> str:
    key = f"{OUTPUT}/{WORKFLOW}/{JOB}/{folder}/{name}"
    lake.put(key, text.encode())
    return key


def groups(lake: FolderStore, *keys: str) -> list[tuple[Any, ...]]:
    folder = FolderStore(str(lake.root))
    with DuckDBEngine(folder).session() as session:
        return session.execute(f"{match_groups(folder, keys, 'borrower_id')} ORDER BY borrower_id")


def parameters_of(service: EntityResolution, operation: str) -> dict[str, Any]:
    return [parameters for name, parameters in service.requests if name == operation][-1]


def failure(service: EntityResolution, lake: FolderStore, **changed: Any) -> str:
    with pytest.raises(IdentityError) as raised:
        match(service, lake, **changed)
    return str(raised.value)


def test_a_first_run_creates_the_mapping_and_the_workflow_and_finds_the_output_of_its_job(
    service: EntityResolution, lake: LakeOnS3
):
    service.looks, service.end = ["QUEUED", "RUNNING"], DONE
    key = write_output(lake, BY_RULES)
    write_output(lake, "", name="_SUCCESS")
    lake.put(f"{OUTPUT}/{WORKFLOW}/{'0' * 32}/success/part-0.csv", b"of another job")

    assert match(service, lake) == AwsMatches(JOB, 3, 2, 0, (key,), ())

    mapping = service.requests[0][1]
    assert mapping == {
        "schemaName": mapping["schemaName"],
        "mappedInputFields": [
            {"fieldName": "borrower_id", "type": "UNIQUE_ID"},
            {"fieldName": "first_name", "type": "NAME_FIRST", "matchKey": "name", "groupName": "whole_name"},
            {"fieldName": "last_name", "type": "NAME_LAST", "matchKey": "name", "groupName": "whole_name"},
            {"fieldName": "mail", "type": "EMAIL_ADDRESS", "matchKey": "email"},
            {"fieldName": "born", "type": "DATE", "matchKey": "date_of_birth"},
        ],
    }
    workflow = {
        "workflowName": WORKFLOW,
        "roleArn": ROLE,
        "inputSourceConfig": [
            {"inputSourceARN": TABLE, "schemaName": mapping["schemaName"], "applyNormalization": True}
        ],
        "outputSourceConfig": [
            {"outputS3Path": f"s3://a-lake/lake/{OUTPUT}/", "output": [{"name": "borrower_id"}]}  # no other column
        ],
        "resolutionTechniques": {
            "resolutionType": "RULE_MATCHING",
            "ruleBasedProperties": {
                "attributeMatchingModel": "ONE_TO_ONE",
                "rules": [
                    {"ruleName": "email and name", "matchingKeys": ["email", "name"]},
                    {"ruleName": "name and date_of_birth", "matchingKeys": ["name", "date_of_birth"]},
                ],
            },
        },
    }
    assert service.requests[1:] == [
        ("UpdateMatchingWorkflow", workflow),
        ("CreateMatchingWorkflow", workflow),
        ("StartMatchingJob", {"workflowName": WORKFLOW}),
        *[("GetMatchingJob", {"workflowName": WORKFLOW, "jobId": JOB})] * 3,
    ]


def test_a_later_run_finds_its_mapping_and_changes_the_workflow(service: EntityResolution, lake: LakeOnS3):
    match(service, lake)
    service.requests.clear()
    match(service, lake)
    assert [operation for operation, _ in service.requests] == [
        operation for operation in OPERATIONS if operation != "CreateMatchingWorkflow"
    ]


def test_different_columns_get_a_mapping_of_another_name_as_one_in_use_cannot_be_changed(
    service: EntityResolution, lake: LakeOnS3
):
    names = set()
    for columns in (COLUMNS, COLUMNS, {**COLUMNS, "phone": "phone"}):
        match(service, lake, columns)
        names.add(parameters_of(service, "CreateSchemaMapping")["schemaName"])
    assert len(names) == 2
    assert all(name.startswith(f"{WORKFLOW}-") for name in names)


@pytest.mark.parametrize(
    ("kinds", "rules"),
    [
        (["national_id"], ["national_id"]),
        (["full_name", "email"], ["email and name"]),
        (["given_name", "surname", "phone"], ["phone and name"]),
        (["full_name", "street", "postcode"], ["name and address"]),
        (["full_name", "street", "city", "state"], ["name and address"]),
        (["full_name", "street", "city", "date_of_birth"], ["name and date_of_birth"]),  # not the address: Jr. and Sr.
        (
            ["national_id", "email", "phone", "given_name", "surname", "date_of_birth", "street", "city", "postcode"],
            ["national_id", "email and name", "phone and name", "name and date_of_birth"],
        ),
    ],
)
def test_rules_are_derived_from_the_columns_strongest_first(
    service: EntityResolution, lake: LakeOnS3, kinds: list[str], rules: list[str]
):
    match(service, lake, {f"column {kind}": kind for kind in kinds})
    techniques = parameters_of(service, "CreateMatchingWorkflow")["resolutionTechniques"]
    assert [rule["ruleName"] for rule in techniques["ruleBasedProperties"]["rules"]] == rules


@pytest.mark.parametrize(
    "kinds",
    [[], ["email", "phone"], ["email", "surname"], ["full_name", "state"], ["full_name", "city"], ["date_of_birth"]],
)
def test_columns_that_distinguish_nobody_are_refused_without_a_request(
    service: EntityResolution, lake: LakeOnS3, kinds: list[str]
):
    assert "no rule fits" in failure(service, lake, columns={kind: kind for kind in kinds})
    assert service.requests == []


def shown(service: EntityResolution) -> list[str]:
    return [field["fieldName"] for field in parameters_of(service, "CreateSchemaMapping")["mappedInputFields"]]


def test_aws_does_not_see_a_column_that_no_rule_compares(service: EntityResolution, lake: LakeOnS3):
    match(service, lake, {**COLUMNS, "street": "street", "city": "city"})
    assert shown(service) == ["borrower_id", "first_name", "last_name", "mail", "born"]


def test_the_model_of_aws_compares_the_kinds_it_has_and_does_not_see_a_national_id(
    service: EntityResolution, lake: LakeOnS3
):
    match(service, lake, {"ssn": "national_id", "last_name": "surname", "state": "state"}, technique="ml")
    assert shown(service) == ["borrower_id", "last_name", "state"]
    techniques = parameters_of(service, "CreateMatchingWorkflow")["resolutionTechniques"]
    assert techniques == {"resolutionType": "ML_MATCHING"}
    assert "compares nothing" in failure(service, lake, columns={"ssn": "national_id"}, technique="ml")


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"home": "phone", "mobile": "phone"}, "two are the same"),
        ({"name": "full_name", "last_name": "surname"}, "two are the same"),
        ({"shoe": "shoe_size"}, "cannot be shoe_size, only given_name"),
        ({"e.mail": "email"}, "does not accept the name 'e.mail'"),
        ({"EmailAddress": "email"}, "does not accept the name 'EmailAddress'"),
        ({"": "email"}, "does not accept the name ''"),
        ({"x" * 256: "email"}, "does not accept the name 'xxx"),
    ],
)
def test_columns_that_aws_would_not_accept_are_reported(
    service: EntityResolution, lake: LakeOnS3, columns: dict[str, str], problem: str
):
    assert problem in failure(service, lake, columns={**columns, "national": "national_id"})


def test_a_table_may_have_a_name_reserved_for_columns_but_only_of_letters_and_digits(
    service: EntityResolution, lake: LakeOnS3
):
    match(service, lake, table="source")
    assert "does not accept the name 'with space'" in failure(service, lake, table="with space")


def test_pauses_between_requests_grow_to_a_minute(service: EntityResolution, lake: LakeOnS3, clock: Clock):
    service.looks = ["RUNNING"] * 12
    match(service, lake)
    assert clock.pauses[:3] == [2, 3, 4.5]
    assert clock.pauses[-2:] == [60, 60]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_a_request_is_repeated_when_aws_is_too_busy(service: EntityResolution, lake: LakeOnS3, clock: Clock, code: str):
    for operation in OPERATIONS:
        service.refuses(operation, code)
    service.end = DONE
    write_output(lake, BY_RULES)
    assert match(service, lake).input_records == 3
    assert clock.pauses == [2, 3, 4.5, 6.75, 10.125]


def test_a_service_that_stays_busy_is_reported_with_the_time_waited(service: EntityResolution, lake: LakeOnS3):
    for _ in range(5):
        service.refuses("CreateSchemaMapping", "ThrottlingException", "Rate exceeded")
    assert failure(service, lake, minutes=0.25) == (
        f"Entity Resolution, workflow {WORKFLOW}: ThrottlingException: Rate exceeded. "
        "REFI_ENTITY_RESOLUTION_MINUTES allows 0.25 minutes."
    )


@pytest.mark.parametrize("code", ["ConflictException", "ExceedsLimitException"])
def test_a_job_waits_for_the_one_that_is_running(service: EntityResolution, lake: LakeOnS3, clock: Clock, code: str):
    for _ in range(2):
        service.refuses("StartMatchingJob", code, "Workflow is currently running")
    match(service, lake)
    assert clock.pauses == [2, 3]


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        (
            {"errorDetails": {"errorMessage": "Access denied to the output bucket."}},
            "Access denied to the output bucket",
        ),
        ({}, "AWS gives no reason"),
    ],
)
def test_a_failed_job_is_reported_with_the_reason_that_aws_gives(
    service: EntityResolution, lake: LakeOnS3, details: dict[str, Any], reason: str
):
    service.end = {"status": "FAILED", **details}
    assert failure(service, lake) == (f"Entity Resolution, workflow {WORKFLOW}, job {JOB}: ended as FAILED: {reason}.")


def test_records_that_were_not_processed_are_counted_with_the_place_of_their_errors(
    service: EntityResolution, lake: LakeOnS3, caplog: pytest.LogCaptureFixture
):
    service.end = {**DONE, "metrics": {"inputRecords": 5, "matchIDs": 2, "recordsNotProcessed": 2}}
    output = write_output(lake, BY_RULES)
    errors = write_output(lake, "borrower_id,ErrorMessage\n,Unique ID is null\n", folder="error")
    assert match(service, lake) == AwsMatches(JOB, 5, 2, 2, (output,), (errors,))
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "2 of 5 records were not processed" in warning
    assert f"s3://a-lake/lake/{OUTPUT}/{WORKFLOW}/{JOB}/error" in warning


def test_a_job_that_takes_too_long_is_reported_with_its_id_and_the_setting(service: EntityResolution, lake: LakeOnS3):
    service.looks = ["RUNNING"] * 5
    message = failure(service, lake, minutes=0.25)
    for part in (JOB, "still RUNNING", "REFI_ENTITY_RESOLUTION_MINUTES allows 0.25 minutes", "AWS cannot stop it"):
        assert part in message


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_a_refusal_is_reported_as_aws_words_it(service: EntityResolution, lake: LakeOnS3, operation: str, code: str):
    service.refuses(operation, code, "It is not allowed.")
    message = failure(service, lake)
    assert service.requests[-1][0] == operation
    assert message.startswith(f"Entity Resolution, workflow {WORKFLOW}")
    assert message.endswith(f": {code}: It is not allowed.")


def test_an_account_at_its_limit_of_workflows_is_reported_at_once(service: EntityResolution, lake: LakeOnS3):
    service.refuses("CreateMatchingWorkflow", "ExceedsLimitException", "At most 10")
    assert "ExceedsLimitException: At most 10" in failure(service, lake)


class Interrupt(BaseException):
    """Like Dagster's own interrupts, which are not KeyboardInterrupt."""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), Interrupt()])
def test_an_interrupt_ends_the_wait_and_warns_that_the_job_goes_on(
    service: EntityResolution,
    lake: LakeOnS3,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    interrupt: BaseException,
):
    service.looks = ["RUNNING"]
    clock.interrupt = interrupt
    with pytest.raises(type(interrupt)):
        match(service, lake)
    assert f"job {JOB}: interrupted. AWS cannot stop it" in caplog.text


def test_the_service_has_no_operation_that_stops_a_job(service: EntityResolution):
    """Once it has one, an interrupt and a time-out should call it."""
    assert [name for name in service.model.operation_names if name.startswith(("Stop", "Cancel", "Abort"))] == []


def test_a_job_that_wrote_to_the_place_of_another_run_is_not_used(service: EntityResolution, lake: LakeOnS3):
    other = {"roleArn": ROLE, "outputS3Path": "s3://a-lake/lake/resolved/aws/run-two/"}
    service.end = {**DONE, "outputSourceConfig": [other]}
    assert "it wrote to s3://a-lake/lake/resolved/aws/run-two/ and not to" in failure(service, lake)


def test_a_job_without_output_files_is_reported(service: EntityResolution, lake: LakeOnS3):
    service.end = DONE
    assert f"found 2 people, but wrote no file below s3://a-lake/lake/{OUTPUT}/" in failure(service, lake)


def test_a_lake_in_a_folder_is_refused(service: EntityResolution, tmp_path: Path):
    with pytest.raises(SettingError, match="REFI_LAKE_URL: AWS Entity Resolution writes only to S3"):
        match(service, FolderStore(str(tmp_path)))


@pytest.mark.parametrize("name", ["workflow", "role_arn"])
def test_a_missing_setting_is_named(service: EntityResolution, lake: LakeOnS3, name: str):
    changed: dict[str, Any] = {name: ""}
    with pytest.raises(SettingError, match=f"REFI_ENTITY_RESOLUTION_{name.upper()}: "):
        match(service, lake, **changed)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (
            BY_RULES,
            [("007", "a1", None, "email and name"), ("B,3", "b1", None, None), ("B2", "a1", None, "email and name")],
        ),
        (BY_MODEL, [("007", "a1", 0.984375, None), ("B2", "a1", 1.0, None), ("B3", "b1", None, None)]),
    ],
    ids=["rules", "model"],
)
def test_groups_have_the_rule_or_the_confidence_of_the_model(lake: LakeOnS3, text: str, rows: list[tuple[Any, ...]]):
    assert groups(lake, write_output(lake, text)) == rows


def test_groups_may_be_in_any_number_of_files(lake: LakeOnS3):
    header, *rows = BY_RULES.splitlines(keepends=True)
    keys = [write_output(lake, header + row, name=f"part-{number}.csv") for number, row in enumerate(rows)]
    keys.append(write_output(lake, header, name="part-empty.csv"))
    assert groups(lake, *keys) == groups(lake, write_output(lake, BY_RULES))
    assert groups(lake) == []


@pytest.mark.parametrize(
    "text",
    [
        BY_MODEL.replace("0.984375", "98.4375"),
        BY_MODEL.replace("0.984375", "Zachary"),
        BY_MODEL.replace(",a1", ","),
        BY_MODEL.replace("RecordId", "Zachary"),
        BY_MODEL.replace(",007,", ",,"),
    ],
)
def test_output_that_aws_is_not_known_to_write_is_refused_without_quoting_it(lake: LakeOnS3, text: str):
    with pytest.raises(EngineError) as raised:
        groups(lake, write_output(lake, text))
    assert "Zachary" not in str(raised.value)
    assert "98.4375" not in str(raised.value)
