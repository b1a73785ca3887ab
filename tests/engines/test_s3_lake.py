"""A lake on S3: competing puts, large files, encryption, names, credentials, and errors about an unusable lake."""

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import duckdb
import pytest

from refi_assets.engines.duckdb import DuckDBEngine, DuckDBSession
from refi_assets.engines.duckdb_sql import path_literal, text_literal
from refi_assets.errors import EngineError, LakeError, SettingError, SourceError
from refi_assets.ingestion.files import scan_file
from refi_assets.lake import ObjectStore, RunFolder, open_lake
from refi_assets.lake.hashes import Hashes
from refi_assets.lake.s3_store import CREDENTIALS_FOR, PART_BYTES, S3Store
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging.spread import stage_spread
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.support.pickled_tasks import PickledTasks
from tests.support.running import DAY, run_job
from tests.support.sources import market_csv

ROWS = 1_000_000  # of hash(): 8 MB as Parquet
SMALL_PARTS = "SET s3_uploader_max_filesize = '50GB'"  # makes DuckDB's parts 5 MB instead of 80


@pytest.fixture
def deployment(aws: Aws) -> Deployment:
    return on_s3(aws, "duckdb")


@pytest.fixture
def lake(deployment: Deployment) -> Iterator[ObjectStore]:
    with in_force(deployment):
        yield deployment.lake


@pytest.fixture
def impatient(aws: Aws, deployment: Deployment) -> Iterator[ObjectStore]:
    """A lake whose requests are sent only once, so that failures come at once instead of after a minute."""
    with in_force(Deployment(deployment.lake_url, {**deployment.env, "AWS_MAX_ATTEMPTS": "1"})):
        yield deployment.lake


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file slightly larger than two parts."""
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (2 * PART_BYTES // 256) + b"the end")
    return path


def bucket_and_key(lake: ObjectStore, key: str) -> dict[str, str]:
    bucket, _, prefix = lake.name.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": f"{prefix}/{key}"}


def head(aws: Aws, lake: ObjectStore, key: str) -> Any:
    return aws.client("s3").head_object(**bucket_and_key(lake, key))


def operations(aws: Aws, key: str) -> list[tuple[str, int]]:
    """The pipeline's requests for an object, each with the status of its answer."""
    return [
        (request["operation"], request["status"])
        for request in aws.requests()
        if request["resource"].endswith(f"/{key}")
    ]


def test_only_one_of_many_threads_creates_an_object(lake: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: lake.create_json("output/commits/1.json", {"writer": n}), range(8)))
    assert sum(won) == 1
    assert lake.get_json("output/commits/1.json") == {"writer": won.index(True)}


def test_a_put_whose_answer_was_lost_counts_as_successful(aws: Aws, lake: ObjectStore, tmp_path: Path) -> None:
    aws.faults(Fault("s3:PutObject", count=2, status=500, carried_out=True))
    assert lake.create_json("output/manifest.json", {"run_id": "one"})
    assert operations(aws, "output/manifest.json")[:2] == [("PutObject", 500), ("PutObject", 500)]

    aws.faults(Fault("s3:PutObject", status=500, carried_out=True))
    (tmp_path / "audience.csv").write_bytes(b"borrower_id\nB1\n")
    lake.create_file("output/audience.csv", tmp_path / "audience.csv")
    assert operations(aws, "output/audience.csv")[:2] == [("PutObject", 500), ("PutObject", 412)]


def test_a_put_refused_because_of_a_concurrent_one_is_retried(aws: Aws, lake: ObjectStore) -> None:
    aws.faults(Fault("s3:PutObject", count=2, status=409, code="ConditionalRequestConflict", message="Try again."))
    assert lake.create_json("output/manifest.json", {"run_id": "one"})
    assert lake.get_json("output/manifest.json") == {"run_id": "one"}


def test_an_object_is_replaced_only_if_it_is_the_version_that_was_read(lake: ObjectStore) -> None:
    lake.replace_json("output/latest.json", 1, None)
    value, seen = lake.get_json_and_etag("output/latest.json")
    lake.replace_json("output/latest.json", 2, None)
    assert lake.get_json("output/latest.json") == value == 1
    lake.replace_json("output/latest.json", 2, seen)
    assert lake.get_json("output/latest.json") == 2
    lake.replace_json("output/latest.json", 3, seen)
    assert lake.get_json("output/latest.json") == 2


def test_s3s_reason_is_reported_even_if_the_first_answer_has_none(aws: Aws, lake: ObjectStore) -> None:
    lake.put_json("output/latest.json", 1)
    aws.faults(Fault("s3:(Head|Get)Object", count=2, status=400, code="ExpiredToken", message="It has expired."))
    with pytest.raises(LakeError, match=r"latest\.json in the lake .*: ExpiredToken: It has expired\. .*: renew them"):
        lake.find("output/latest.json")


def test_a_file_is_created_once_and_never_with_other_bytes(lake: ObjectStore, tmp_path: Path) -> None:
    audience = tmp_path / "audience.csv"
    audience.write_bytes(b"borrower_id\nB1\n")
    lake.create_file("output/audience.csv", audience)
    lake.create_file("output/audience.csv", audience)
    audience.write_bytes(b"borrower_id\nB2\n")
    with pytest.raises(LakeError, match="already, with other bytes"):
        lake.create_file("output/audience.csv", audience)
    with lake.open("output/audience.csv") as stream:
        assert stream.read() == b"borrower_id\nB1\n"


def test_large_files_are_uploaded_and_downloaded_in_parts(aws: Aws, lake: ObjectStore, large: Path) -> None:
    lake.put("raw/large", large)
    assert sorted(operations(aws, "raw/large")) == [
        ("CompleteMultipartUpload", 200),
        ("CreateMultipartUpload", 200),
        *[("UploadPart", 200)] * 3,
    ]
    with lake.open("raw/large") as stream:
        assert stream.read() == large.read_bytes()
    assert operations(aws, "raw/large")[5:] == [("GetObject", 206)] * 3, "no request reads more than a part"


def test_an_empty_object_is_read_as_no_bytes(lake: ObjectStore) -> None:
    lake.put("raw/empty", b"")
    with lake.open("raw/empty") as stream:
        assert stream.read() == b""


@pytest.mark.parametrize("size", [0, 3, 2 * PART_BYTES + 1])
def test_a_hash_is_cached_until_the_etag_changes(lake: ObjectStore, tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert Hashes(lake).put("raw/file", tmp_path / "file")
    info = lake.find("raw/file")
    assert info is not None
    (record,) = [info.key for info in lake.objects("memo")]
    forged = lake.get_json(record) | {"sha256": "forged"}
    assert forged["of"] == "raw/file"
    lake.put_json(record, forged)
    assert Hashes(lake).of_object(info) == "forged"
    assert Hashes(lake).of_object(info, read_again=True) == hashlib.sha256(b"x" * size).hexdigest()
    lake.put_json(record, forged)
    lake.put("raw/file", b"y" * size + b"y")
    info = lake.find("raw/file")
    assert info is not None
    assert Hashes(lake).of_object(info) == hashlib.sha256(b"y" * size + b"y").hexdigest()


def test_an_interrupted_upload_leaves_no_object(aws: Aws, impatient: ObjectStore, large: Path) -> None:
    aws.faults(Fault("s3:UploadPart", after=1, count=100, status=500))
    with pytest.raises(LakeError, match="raw/large in the lake"):
        impatient.put("raw/large", large)
    with pytest.raises(LakeError, match="raw/large in the lake"):
        impatient.put_hashed("raw/large", large)
    with DuckDBEngine(impatient).session() as session:
        session.execute(SMALL_PARTS)
        with pytest.raises(LakeError, match=r"HTTP PUT .*runs/table\.parquet"):
            copy(session, "runs/table.parquet", ROWS)
    for key in ("raw/large", "runs/table.parquet"):
        assert ("UploadPart", 500) in operations(aws, key)
    assert list(impatient.objects("")) == []


def copy(session: DuckDBSession, key: str, rows: int) -> None:
    """Let DuckDB write a Parquet file to its lake."""
    path = text_literal(session._engine.lake.url(key))
    session.execute(f"COPY (SELECT hash(range) AS hashed FROM range({rows})) TO {path} (FORMAT parquet)")


def test_a_process_reads_its_own_objects_of_a_run_without_a_request(aws: Aws, lake: ObjectStore) -> None:
    """Until they are deleted. Other processes read them from S3, and all processes read replaceable objects there."""
    table, csv, raw = "runs/r/refi/a/data.parquet", "runs/r/raw/a.0.clean.csv", "raw/a/load_date=2026-02-20/a.csv"
    for key in (csv, raw):
        with lake.new_file(key) as path:
            path.write_bytes(b"a\n1\n")
    with DuckDBEngine(lake).session() as session:
        session.copy("SELECT 7 AS seven", lake.target(table), "FORMAT parquet")
        aws.faults(Fault("s3:(Get|Head)Object", status=403, code="AccessDenied", count=1000))
        assert session.value(f"SELECT seven FROM {path_literal(lake.url(table))}") == 7
        assert lake.open(csv).read() == b"a\n1\n"
        assert aws.faults_met() == 0
        with pytest.raises(LakeError, match="AccessDenied"):
            lake.open(raw)
        aws.clear_faults()
    own_bytes, other_lake = Path(lake.url(table)).read_bytes(), open_lake(lake.name)
    assert other_lake.open(table).read() == own_bytes
    assert other_lake.url(table) == f"{lake.name}/{table}" == lake.address(table)
    other_lake.delete([csv])
    lake.delete([table, csv])
    for key in (table, csv):
        with pytest.raises(LakeError, match="is not in the lake"):
            lake.open(key)


def test_a_reader_may_take_longer_than_the_timeout_of_a_request(aws: Aws, lake: ObjectStore, large: Path) -> None:
    lake.put("raw/large", large)
    impatient = S3Store(lake.name, request_seconds=2)
    with impatient.open("raw/large") as stream:
        read = [stream.read(PART_BYTES)]
        for _ in range(2):
            sleep(1.2)
            read.append(stream.read(PART_BYTES))
    assert b"".join(read) == large.read_bytes()


def test_a_file_that_changes_while_it_is_read_is_refused(lake: ObjectStore, large: Path) -> None:
    lake.put("raw/large", large)
    with lake.open("raw/large") as stream:
        stream.read(PART_BYTES)
        large.write_bytes(bytes(large.stat().st_size))
        lake.put("raw/large", large)
        with pytest.raises(LakeError, match=r"large in the lake .* changed while it was read"):
            stream.read()


def test_a_request_that_times_out_is_retried(aws: Aws, lake: ObjectStore) -> None:
    lake.put_json("output/latest.json", 1)
    aws.faults(Fault("s3:GetObject", count=2, delay_seconds=3))
    assert S3Store(lake.name, request_seconds=0.5).get_json("output/latest.json") == 1
    aws.faults(Fault("s3:GetObject", count=2, delay_seconds=3))
    with DuckDBEngine(lake).session() as session:
        session.execute("SET http_timeout = 1")
        assert session.value(f"SELECT content FROM read_text({text_literal(lake.url('output/latest.json'))})") == "1\n"
    assert aws.faults_met() == 4


def test_everything_is_encrypted_with_the_configured_key(aws: Aws, deployment: Deployment, large: Path) -> None:
    key_id = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    with in_force(Deployment(deployment.lake_url, {**deployment.env, "REFI_KMS_KEY_ID": key_id})):
        lake = deployment.lake
        lake.put_json("runs/put", 1)
        lake.put("runs/in parts", large)
        lake.create_json("runs/created", 1)
        lake.create_file("runs/created file", large)
        lake.replace_json("runs/replaced", 1, None)
        with DuckDBEngine(lake).session() as session:
            session.execute(SMALL_PARTS)
            copy(session, "runs/by DuckDB", 10)
            copy(session, "runs/by DuckDB in parts", ROWS)
        assert ("UploadPart", 200) in operations(aws, "runs/by DuckDB in parts")
        for name in (
            "runs/put",
            "runs/in parts",
            "runs/created",
            "runs/created file",
            "runs/replaced",
            "runs/by DuckDB",
            "runs/by DuckDB in parts",
        ):
            headers = head(aws, lake, name)
            assert (headers.get("ServerSideEncryption"), headers.get("SSEKMSKeyId")) == ("aws:kms", key_id), name


def test_a_name_means_the_same_to_obstore_duckdb_and_boto3(aws: Aws, lake: ObjectStore) -> None:
    names = ["a b", "a+b", "a%b", "a%20b", "a#1", "añ", "an\u0303", "日本", "a😀", "a'b", 'a"b', "a*b", "a[b]", "a&b=c"]
    for name in [*names, "a;{}|<>~:@,"]:
        key = f"raw/{name}.csv"
        lake.put(key, name.encode())
        lake.put("raw/ab.csv", b"another's")  # a name that a pattern could match
        assert head(aws, lake, key)["ContentLength"] == len(name.encode())
        with lake.open(key) as stream:
            assert stream.read() == name.encode()
        assert key in [info.key for info in lake.objects("raw")]
        with DuckDBEngine(lake).session() as session:
            assert session.value(f"SELECT content FROM read_text({path_literal(lake.url(key))})") == name
            copy(session, f"runs/{name}/data.parquet", 1)
        assert lake.find(f"runs/{name}/data.parquet") is not None


def test_a_name_that_not_every_client_can_request_is_refused(aws: Aws, lake: ObjectStore) -> None:
    for name in ("a?b", "a?s3_region=x", "a\\b", "a//b", "a/../b", "a\tb"):
        location = bucket_and_key(lake, f"raw/loans/{name}.csv")
        aws.client("s3").put_object(**location)
        with pytest.raises((SourceError, LakeError), match="raw/loans"):
            lake.require_regular_files("raw/loans")
        aws.client("s3").delete_object(**location)
    lake.require_regular_files("raw/loans")


def test_the_empty_object_of_a_folder_is_not_a_file(aws: Aws, lake: ObjectStore) -> None:
    aws.client("s3").put_object(**bucket_and_key(lake, "raw/loans/load_date=2026-02-20/"))
    lake.put("raw/loans/load_date=2026-02-20/loans.csv", b"n\n1\n")
    assert [info.key.rsplit("/", 1)[-1] for info in lake.objects("raw/loans/load_date=2026-02-20")] == ["loans.csv"]


BESIDE_THE_DAYS = ["day=1 copy/x", "day=1.bak/x", "day=2/", "day=2", "day=", "notes/x", "day=3/sub/", "day=3/sub.csv"]


@pytest.mark.parametrize("beside", [BESIDE_THE_DAYS, [*BESIDE_THE_DAYS, "notes//y", "notes/../x"]])
def test_folders_are_listed_a_thousand_objects_per_request(aws: Aws, lake: ObjectStore, beside: list[str]) -> None:
    names = [f"day={day}/{name}" for day in range(1, 6) for name in ("b", "a/c", "a.csv", "ü 1+1.csv")]
    bucket, _, prefix = str(lake).removeprefix("s3://").partition("/")
    for name in names + beside:
        aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}/raw/s/{name}", Body=b"x")
    before = len(aws.requests())
    listed = [
        (folder, [info.key.removeprefix("raw/s/") for info in objects])
        for folder, objects in lake.folders_between("raw/s", "day=2", "day=4")
    ]
    expected = {day: [f"day={day}/{name}" for name in ("a.csv", "a/c", "b", "ü 1+1.csv")] for day in (2, 4)}
    expected[3] = [f"day=3/{name}" for name in ("a.csv", "a/c", "b", "sub", "sub.csv", "ü 1+1.csv")]
    assert listed == [(f"day={day}", expected[day]) for day in (2, 3, 4)]
    assert beside != BESIDE_THE_DAYS or len(aws.requests()) == before + 1


def test_a_parquet_file_is_scanned_in_place(lake: ObjectStore, tmp_path: Path) -> None:
    duckdb.sql(f"COPY (SELECT range AS Loan_ID FROM range(7)) TO '{tmp_path}/loans.parquet'")
    lake.put("raw/loans.parquet", tmp_path / "loans.parquet")
    info = lake.find("raw/loans.parquet")
    assert info is not None
    scanned = scan_file(lake, info, RunFolder(lake, "run"), "raw/loans", 0)
    assert (scanned.rows, scanned.columns) == (7, ("loan_id",))


def test_credentials_are_renewed_for_obstore_and_for_duckdb(
    aws: Aws, deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Roles, SSO and credential_process give credentials for a limited time.

    Credentials for five minutes are valid, but boto3 requests new ones at each use, so close to their end.
    """
    credentials, config = tmp_path / "given.json", tmp_path / "config"
    config.write_text(f"[profile lender]\ncredential_process = cat {credentials}\n")

    def give(key_id: str, valid_for: timedelta) -> None:
        until = (datetime.now(UTC) + valid_for).isoformat()
        keys = {"AccessKeyId": key_id, "SecretAccessKey": "secret", "SessionToken": "token"}
        credentials.write_text(json.dumps({"Version": 1, "Expiration": until, **keys}))

    first, second = (f"{which}{aws.unique.upper()}" for which in ("FIRST", "SECOND"))
    give(first, timedelta(minutes=5))
    env = {**deployment.env, "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "lender"}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del env[name]
        monkeypatch.delenv(name, raising=False)
    with in_force(Deployment(deployment.lake_url, env)):
        lake = deployment.lake
        lake.put_json("runs/one", 1)
        with DuckDBEngine(lake).session() as session:
            copy(session, "runs/two", 1)
        sleep(1.1 * CREDENTIALS_FOR.total_seconds())
        credentials.unlink()
        with pytest.raises(LakeError, match=r"three in the lake .*Error when retrieving credentials"):
            lake.put_json("runs/three", 1)
        with pytest.raises(EngineError, match="The AWS credentials: Error when retrieving credentials"):
            DuckDBEngine(lake).session()
        give(second, timedelta(hours=1))
        lake.put_json("runs/three", 1)
        with DuckDBEngine(lake).session() as session:
            copy(session, "runs/four", 1)
    assert [request["resource"].rpartition("/")[2] for request in aws.requests(first)] == ["one", "two"]
    assert [request["resource"].rpartition("/")[2] for request in aws.requests(second)] == ["three", "four"]


@pytest.mark.parametrize(
    ("lake_url", "faults", "message"),
    [
        ("", (), r"borrower_engagement: no file .* in s3://.*; found in raw/: nothing; expected"),
        ("s3://no-such-lake/lender", (), r"raw/.* in the lake s3://no-such-lake/lender: NoSuchBucket: "),
        ("", (Fault("s3:.*", count=100, status=403, code="AccessDenied", message="Access Denied"),),
         r"raw/.* in the lake s3://.*: AccessDenied: Access Denied\."),
    ],
    ids=["empty", "absent", "denied"],
)  # fmt: skip
def test_a_run_on_an_unusable_lake_says_why(
    aws: Aws, deployment: Deployment, lake_url: str, faults: tuple[Fault, ...], message: str
) -> None:
    aws.faults(*faults)
    with in_force(deployment):
        ran = run_job(lake_url or deployment.lake_url, DAY)
    assert re.match(message, ran.failure), ran.failure
    assert ran.failure.endswith("The last published audience is unchanged.")


def test_an_invalid_number_of_attempts_is_reported(deployment: Deployment) -> None:
    env = {**deployment.env, "AWS_MAX_ATTEMPTS": "many"}
    message = "AWS_MAX_ATTEMPTS: 'many' is not a number from 1 to 99"
    with in_force(Deployment(deployment.lake_url, env)), pytest.raises(SettingError, match=message):
        open_lake(deployment.lake_url)


def test_files_are_staged_by_tasks_that_open_the_lake_on_their_own(lake: ObjectStore) -> None:
    contract, run = load_contracts()["market_equity"], RunFolder(lake, "run")
    for name, row in (("a", "P1,5,70,10"), ("b", "P1,5,70,10"), ("c", "P2,5,70,x")):
        lake.put(f"raw/market_equity/load_date={DAY}/{name}.csv", market_csv(row))
    objects = enumerate(lake.objects("raw/market_equity"))
    counts = stage_spread(
        PickledTasks(),
        DuckDBEngine(lake),
        contract,
        tuple(scan_file(lake, info, run, "raw/market_equity", number, contract=contract) for number, info in objects),
        folder="runs/run/staging/market_equity.parts",
        accepted_folder="runs/run/staging/market_equity",
        quarantine_path=lake.target("runs/run/staging/market_equity.quarantine.parquet"),
    )
    assert (counts.accepted, counts.quarantined) == (1, {"duplicate_row": 1, "not_a_number": 1})
    assert [info.key.rpartition("/")[2] for info in lake.objects("runs/run/staging")] == [
        "market_equity.quarantine.parquet",
        *(f"part-{number:05}.parquet" for number in range(3)),
    ]
