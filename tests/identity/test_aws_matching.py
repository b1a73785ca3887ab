"""AWS Entity Resolution: what is asked of it, what is made of its answers, and what is said where it fails."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, IdentityError, SettingError
from refi_assets.identity import aws_matching
from refi_assets.identity.aws_matching import AwsMatches, AwsMatching, match_groups, match_on_aws
from refi_assets.identity.settings import IdentitySettings
from refi_assets.lake.folder_store import FolderStore
from tests.support.entity_resolution import JOB, OUTPUT, ROLE, TABLE, WORKFLOW, EntityResolution, LakeOnS3

COLUMNS = {"first_name": "given_name", "last_name": "surname", "mail": "email", "born": "date_of_birth"}
DONE = {"metrics": {"inputRecords": 3, "matchIDs": 2, "recordsNotProcessed": 0}}

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
    """Time as the module sees it: it passes by sleeping alone."""

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
    made = Clock()
    monkeypatch.setattr(aws_matching, "time", made)
    return made


@pytest.fixture
def service(clock: Clock) -> Iterator[EntityResolution]:
    made = EntityResolution()
    yield made
    made.stubber.assert_no_pending_responses()


@pytest.fixture
def lake(tmp_path: Path) -> LakeOnS3:
    return LakeOnS3(str(tmp_path / "lake"))


def match(service: EntityResolution, lake: FolderStore, columns: dict[str, str] = COLUMNS, **more: Any) -> AwsMatches:
    return match_on_aws(
        AwsMatching(WORKFLOW, ROLE, **more),
        lake,
        "refi_ready_db",
        "run_one__identity_input",
        "borrower_id",
        columns,
        f"{OUTPUT}/",
        client=service.client,
    )


def wrote(lake: FolderStore, text: str, name: str = "part-0.csv", folder: str = "success") -> str:
    key = f"{OUTPUT}/{WORKFLOW}/{JOB}/{folder}/{name}"
    lake.put(key, text.encode())
    return key


def groups(lake: FolderStore, *keys: str) -> list[tuple[Any, ...]]:
    here = FolderStore(str(lake.root))
    with DuckDBEngine(here).session() as session:
        return session.execute(f"{match_groups(here, keys, 'borrower_id')} ORDER BY borrower_id")


def is_prepared(service: EntityResolution) -> None:
    service.refuses("CreateSchemaMapping", "ConflictException")
    service.takes_workflow("UpdateMatchingWorkflow")


def asked(service: EntityResolution, operation: str) -> dict[str, Any]:
    return [params for name, params in service.requests if name == operation][-1]


def test_a_first_run_makes_the_mapping_and_the_workflow_and_finds_what_the_job_wrote(
    service: EntityResolution, lake: LakeOnS3
):
    service.takes_mapping()
    service.refuses("UpdateMatchingWorkflow", "ResourceNotFoundException")
    service.takes_workflow("CreateMatchingWorkflow")
    service.starts_job()
    service.shows_job("QUEUED")
    service.shows_job("RUNNING")
    output = {"roleArn": ROLE, "outputS3Path": f"s3://a-lake/lake/{OUTPUT}"}
    service.shows_job("SUCCEEDED", outputSourceConfig=[output], **DONE)
    key = wrote(lake, BY_RULES)
    wrote(lake, "", name="_SUCCESS")
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
            {
                "outputS3Path": f"s3://a-lake/lake/{OUTPUT}/",
                "output": [{"name": "borrower_id"}],
            }  # and of no more of them
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
    is_prepared(service)
    service.starts_job()
    service.shows_job("SUCCEEDED", **DONE)
    wrote(lake, BY_RULES)
    match(service, lake)
    assert [name for name, _ in service.requests] == [
        "CreateSchemaMapping",
        "UpdateMatchingWorkflow",
        "StartMatchingJob",
        "GetMatchingJob",
    ]


def test_other_columns_get_a_mapping_of_another_name_as_one_in_use_cannot_be_changed(
    service: EntityResolution, lake: LakeOnS3
):
    names = set()
    for columns in (COLUMNS, COLUMNS, {**COLUMNS, "phone": "phone"}):
        service.does_a_first_run()
        match(service, lake, columns)
        names.add(asked(service, "CreateSchemaMapping")["schemaName"])
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
def test_rules_follow_from_the_columns_the_strongest_first(
    service: EntityResolution, lake: LakeOnS3, kinds: list[str], rules: list[str]
):
    service.does_a_first_run()
    match(service, lake, {f"column {kind}": kind for kind in kinds})
    techniques = asked(service, "CreateMatchingWorkflow")["resolutionTechniques"]
    assert [rule["ruleName"] for rule in techniques["ruleBasedProperties"]["rules"]] == rules


@pytest.mark.parametrize(
    "kinds",
    [[], ["email", "phone"], ["email", "surname"], ["full_name", "state"], ["full_name", "city"], ["date_of_birth"]],
)
def test_columns_that_tell_nobody_apart_are_refused_before_anything_is_asked_of_aws(
    service: EntityResolution, lake: LakeOnS3, kinds: list[str]
):
    with pytest.raises(IdentityError, match="no rule fits"):
        match(service, lake, {kind: kind for kind in kinds})
    assert service.requests == []


def shown(service: EntityResolution) -> list[str]:
    return [field["fieldName"] for field in asked(service, "CreateSchemaMapping")["mappedInputFields"]]


def test_aws_is_shown_no_column_that_nothing_compares(service: EntityResolution, lake: LakeOnS3):
    service.does_a_first_run()
    match(service, lake, {**COLUMNS, "street": "street", "city": "city"})
    assert shown(service) == ["borrower_id", "first_name", "last_name", "mail", "born"]


def test_the_model_compares_what_it_knows_and_sees_no_national_id(service: EntityResolution, lake: LakeOnS3):
    service.does_a_first_run()
    match(service, lake, {"ssn": "national_id", "last_name": "surname", "state": "state"}, technique="ml")
    assert shown(service) == ["borrower_id", "last_name", "state"]
    assert asked(service, "CreateMatchingWorkflow")["resolutionTechniques"] == {"resolutionType": "ML_MATCHING"}
    with pytest.raises(IdentityError, match="compares nothing"):
        match(service, lake, {"ssn": "national_id"}, technique="ml")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"home": "phone", "mobile": "phone"}, "two are the same"),
        ({"name": "full_name", "last_name": "surname"}, "two are the same"),
        ({"shoe": "shoe_size"}, "cannot be shoe_size, but given_name"),
        ({"e.mail": "email"}, "does not take the name 'e.mail'"),
        ({"EmailAddress": "email"}, "does not take the name 'EmailAddress'"),
        ({"": "email"}, "does not take the name ''"),
        ({"x" * 256: "email"}, "does not take the name 'xxx"),
    ],
)
def test_columns_that_aws_would_not_take_are_told(
    service: EntityResolution, lake: LakeOnS3, columns: dict[str, str], words: str
):
    with pytest.raises(IdentityError, match=words):
        match(service, lake, {**columns, "national": "national_id"})


@pytest.mark.parametrize("table", ["source", "with space"])
def test_a_table_may_be_called_as_a_column_may_not_but_by_letters_and_digits(
    service: EntityResolution, lake: LakeOnS3, table: str
):
    def run() -> None:
        matching = AwsMatching(WORKFLOW, ROLE)
        match_on_aws(matching, lake, "db", table, "borrower_id", COLUMNS, OUTPUT, client=service.client)

    if table == "source":
        service.does_a_first_run()
        run()
    else:
        with pytest.raises(IdentityError, match="does not take the name 'with space'"):
            run()


def test_pauses_between_looks_grow_to_a_minute(service: EntityResolution, lake: LakeOnS3, clock: Clock):
    is_prepared(service)
    service.starts_job()
    for _ in range(12):
        service.shows_job("RUNNING")
    service.shows_job("SUCCEEDED")
    match(service, lake)
    assert clock.pauses[:3] == [2, 3, 4.5]
    assert clock.pauses[-2:] == [60, 60]


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException"])
def test_what_aws_is_too_busy_for_is_asked_again(service: EntityResolution, lake: LakeOnS3, clock: Clock, code: str):
    service.refuses("CreateSchemaMapping", code)
    service.takes_mapping()
    service.refuses("UpdateMatchingWorkflow", code)
    service.refuses("UpdateMatchingWorkflow", "ResourceNotFoundException")
    service.refuses("CreateMatchingWorkflow", code)
    service.takes_workflow("CreateMatchingWorkflow")
    service.refuses("StartMatchingJob", code)
    service.starts_job()
    service.refuses("GetMatchingJob", code)
    service.shows_job("SUCCEEDED", **DONE)
    wrote(lake, BY_RULES)
    assert match(service, lake).input_records == 3
    assert clock.pauses == [2, 3, 4.5, 6.75, 10.125]


def test_a_service_that_stays_busy_is_told_with_how_long_was_waited(service: EntityResolution, lake: LakeOnS3):
    for _ in range(5):
        service.refuses("CreateSchemaMapping", "ThrottlingException", "Rate exceeded")
    with pytest.raises(IdentityError) as raised:
        match(service, lake, minutes=0.25)
    assert str(raised.value) == (
        f"Entity Resolution, workflow {WORKFLOW}: ThrottlingException: Rate exceeded. "
        "REFI_ENTITY_RESOLUTION_MINUTES allow 0.25 minutes, no more."
    )


@pytest.mark.parametrize("code", ["ConflictException", "ExceedsLimitException"])
def test_a_job_waits_for_the_one_that_is_running(service: EntityResolution, lake: LakeOnS3, clock: Clock, code: str):
    is_prepared(service)
    service.refuses("StartMatchingJob", code, "Workflow is currently running")
    service.refuses("StartMatchingJob", code, "Workflow is currently running")
    service.starts_job()
    service.shows_job("SUCCEEDED")
    match(service, lake)
    assert clock.pauses == [2, 3]


def test_a_job_that_failed_is_told_in_the_words_of_aws(service: EntityResolution, lake: LakeOnS3):
    is_prepared(service)
    service.starts_job()
    service.shows_job("FAILED", errorDetails={"errorMessage": "Access denied to the output bucket."})
    with pytest.raises(IdentityError) as raised:
        match(service, lake)
    assert str(raised.value) == (
        f"Entity Resolution, workflow {WORKFLOW}, job {JOB}: ended as FAILED: Access denied to the output bucket."
    )


def test_a_job_that_failed_without_a_word_is_told_so(service: EntityResolution, lake: LakeOnS3):
    is_prepared(service)
    service.starts_job()
    service.shows_job("FAILED")
    with pytest.raises(IdentityError, match="ended as FAILED: AWS says no more"):
        match(service, lake)


def test_records_that_were_not_processed_are_counted_and_where_aws_says_why(
    service: EntityResolution, lake: LakeOnS3, caplog: pytest.LogCaptureFixture
):
    is_prepared(service)
    service.starts_job()
    service.shows_job("SUCCEEDED", metrics={"inputRecords": 5, "matchIDs": 2, "recordsNotProcessed": 2})
    good = wrote(lake, BY_RULES)
    bad = wrote(lake, "borrower_id,ErrorMessage\n,Unique ID is null\n", folder="error")
    assert match(service, lake) == AwsMatches(JOB, 5, 2, 2, (good,), (bad,))
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "2 of 5 records were not processed" in said
    assert f"s3://a-lake/lake/{OUTPUT}/{WORKFLOW}/{JOB}/error" in said


def test_a_job_that_takes_too_long_is_told_with_its_id_and_the_setting(service: EntityResolution, lake: LakeOnS3):
    is_prepared(service)
    service.starts_job()
    for _ in range(5):
        service.shows_job("RUNNING")
    with pytest.raises(IdentityError) as raised:
        match(service, lake, minutes=0.25)
    for words in (JOB, "still RUNNING", "REFI_ENTITY_RESOLUTION_MINUTES allow 0.25 minutes", "AWS cannot stop it"):
        assert words in str(raised.value)


@pytest.mark.parametrize(
    "operation",
    ["CreateSchemaMapping", "UpdateMatchingWorkflow", "CreateMatchingWorkflow", "StartMatchingJob", "GetMatchingJob"],
)
@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_what_aws_refuses_is_told_in_its_words(service: EntityResolution, lake: LakeOnS3, operation: str, code: str):
    before = {
        "CreateSchemaMapping": service.takes_mapping,
        "UpdateMatchingWorkflow": lambda: service.refuses("UpdateMatchingWorkflow", "ResourceNotFoundException"),
        "CreateMatchingWorkflow": lambda: service.takes_workflow("CreateMatchingWorkflow"),
        "StartMatchingJob": service.starts_job,
    }
    for name, goes_well in before.items():
        if name == operation:
            break
        goes_well()
    service.refuses(operation, code, "It is not allowed.")
    with pytest.raises(IdentityError) as raised:
        match(service, lake)
    assert str(raised.value).startswith(f"Entity Resolution, workflow {WORKFLOW}")
    assert str(raised.value).endswith(f": {code}: It is not allowed.")


def test_an_account_that_may_have_no_more_workflows_is_told_at_once(service: EntityResolution, lake: LakeOnS3):
    service.takes_mapping()
    service.refuses("UpdateMatchingWorkflow", "ResourceNotFoundException")
    service.refuses("CreateMatchingWorkflow", "ExceedsLimitException", "At most 10")
    with pytest.raises(IdentityError, match="ExceedsLimitException: At most 10"):
        match(service, lake)


class Interrupt(BaseException):
    """As Dagster's own, which are no KeyboardInterrupt."""


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), Interrupt()])
def test_an_interrupt_goes_through_and_says_that_the_job_runs_on(
    service: EntityResolution,
    lake: LakeOnS3,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    interrupt: BaseException,
):
    is_prepared(service)
    service.starts_job()
    service.shows_job("RUNNING")
    clock.interrupt = interrupt
    with pytest.raises(type(interrupt)):
        match(service, lake)
    assert f"job {JOB}: interrupted. AWS cannot stop it" in caplog.text


def test_the_service_knows_no_call_that_stops_a_job(service: EntityResolution):
    """When it does, an interrupt and a time-out should make it."""
    assert [name for name in service.model.operation_names if name.startswith(("Stop", "Cancel", "Abort"))] == []


def test_a_job_that_wrote_where_another_run_wanted_it_is_not_used(service: EntityResolution, lake: LakeOnS3):
    is_prepared(service)
    service.starts_job()
    elsewhere = {"roleArn": ROLE, "outputS3Path": "s3://a-lake/lake/resolved/aws/run-two/"}
    service.shows_job("SUCCEEDED", outputSourceConfig=[elsewhere], **DONE)
    with pytest.raises(IdentityError, match="it wrote to s3://a-lake/lake/resolved/aws/run-two/ and not to"):
        match(service, lake)


def test_a_job_whose_files_were_not_delivered_is_told(service: EntityResolution, lake: LakeOnS3):
    is_prepared(service)
    service.starts_job()
    service.shows_job("SUCCEEDED", **DONE)
    with pytest.raises(IdentityError, match=f"found 2 people, but wrote no file below s3://a-lake/lake/{OUTPUT}/"):
        match(service, lake)


def test_a_lake_in_a_folder_is_refused(service: EntityResolution, tmp_path: Path):
    with pytest.raises(SettingError, match="REFI_LAKE_URL: AWS Entity Resolution writes to S3 alone"):
        match(service, FolderStore(str(tmp_path)))


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(SettingError, match="REFI_ENTITY_RESOLUTION_WORKFLOW: "):
        AwsMatching.of(IdentitySettings())
    monkeypatch.setenv("REFI_ENTITY_RESOLUTION_WORKFLOW", WORKFLOW)
    with pytest.raises(SettingError, match="REFI_ENTITY_RESOLUTION_ROLE_ARN: "):
        AwsMatching.of(IdentitySettings())
    monkeypatch.setenv("REFI_ENTITY_RESOLUTION_ROLE_ARN", ROLE)
    assert AwsMatching.of(IdentitySettings()) == AwsMatching(WORKFLOW, ROLE, "rules", 60)


def test_groups_found_by_rules_are_read_with_the_rule(lake: LakeOnS3):
    assert groups(lake, wrote(lake, BY_RULES)) == [
        ("007", "a1", None, "email and name"),
        ("B,3", "b1", None, None),
        ("B2", "a1", None, "email and name"),
    ]


def test_groups_found_by_the_model_are_read_with_its_confidence(lake: LakeOnS3):
    assert groups(lake, wrote(lake, BY_MODEL)) == [
        ("007", "a1", 0.984375, None),
        ("B2", "a1", 1.0, None),
        ("B3", "b1", None, None),
    ]


def test_groups_lie_in_any_number_of_files(lake: LakeOnS3):
    header, *rows = BY_RULES.splitlines(keepends=True)
    keys = [wrote(lake, header + row, name=f"part-{number}.csv") for number, row in enumerate(rows)]
    keys.append(wrote(lake, header, name="part-empty.csv"))
    assert groups(lake, *keys) == groups(lake, wrote(lake, BY_RULES))
    assert groups(lake) == []


@pytest.mark.parametrize(
    "written",
    [
        BY_MODEL.replace("0.984375", "98.4375"),
        BY_MODEL.replace("0.984375", "Zachary"),
        BY_MODEL.replace(",a1", ","),
        BY_MODEL.replace("RecordId", "Zachary"),
        BY_MODEL.replace(",007,", ",,"),
    ],
)
def test_what_aws_is_not_known_to_write_is_refused_without_quoting_it(lake: LakeOnS3, written: str):
    with pytest.raises(EngineError) as raised:
        groups(lake, wrote(lake, written))
    assert "Zachary" not in str(raised.value)
    assert "98.4375" not in str(raised.value)
