"""The tests' AWS: requests have IAM's names, ordered faults are carried out, and crawlers work."""

import random

import httpx
import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError
from moto.s3.models import S3Backend

from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.fakes.moto_answers import list_objects_v2

pytestmark = [pytest.mark.long, pytest.mark.not_the_pipeline]


def test_s3_requests_are_recorded_with_the_permission_they_need(aws: Aws) -> None:
    bucket, s3 = aws.new_bucket(), aws.pipeline_client("s3")
    s3.put_object(Bucket=bucket, Key="raw/a b.csv", Body=b"1", IfNoneMatch="*")
    s3.head_object(Bucket=bucket, Key="raw/a b.csv")
    s3.list_objects_v2(Bucket=bucket, Prefix="raw/")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "raw/a b.csv"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"2")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="big", UploadId=upload, MultipartUpload=parts)
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "big"}, {"Key": "copy"}]})

    arn = f"arn:aws:s3:::{bucket}"
    assert [(r["operation"], [tuple(need) for need in r["needs"]]) for r in aws.requests()] == [
        ("PutObject", [("s3:PutObject", f"{arn}/raw/a b.csv")]),
        ("HeadObject", [("s3:GetObject", f"{arn}/raw/a b.csv")]),
        ("ListObjectsV2", [("s3:ListBucket", arn)]),
        ("CopyObject", [("s3:PutObject", f"{arn}/copy"), ("s3:GetObject", f"{arn}/raw/a b.csv")]),
        ("CreateMultipartUpload", [("s3:PutObject", f"{arn}/big")]),
        ("UploadPart", [("s3:PutObject", f"{arn}/big")]),
        ("CompleteMultipartUpload", [("s3:PutObject", f"{arn}/big")]),
        ("DeleteObjects", [("s3:DeleteObject", f"{arn}/big"), ("s3:DeleteObject", f"{arn}/copy")]),
    ]
    assert aws.requests()[0]["condition"] == {"if-none-match": "*"}


def test_requests_of_other_services_are_recorded_with_their_resource(aws: Aws) -> None:
    database = aws.new_database(aws.new_bucket())
    glue, sqs, sns = (aws.pipeline_client(service) for service in ("glue", "sqs", "sns"))
    glue.create_table(DatabaseName=database, TableInput={"Name": "loans"})
    queue = sqs.create_queue(QueueName=aws.new_name("arrivals"))["QueueUrl"]
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "hello"}])
    topic = sns.create_topic(Name=aws.new_name("alerts"))["TopicArn"]
    sns.publish(TopicArn=topic, Message="hello")
    aws.pipeline_client("cloudwatch").put_metric_data(Namespace="refi", MetricData=[{"MetricName": "rows", "Value": 1}])

    region_and_account, name = "us-east-1:123456789012", queue.rpartition("/")[2]
    recorded = [(request["action"], request["resource"]) for request in aws.requests()]
    assert recorded == [
        ("glue:CreateTable", f"arn:aws:glue:{region_and_account}:table/{database}/loans"),
        ("sqs:CreateQueue", f"arn:aws:sqs:{region_and_account}:{name}"),
        ("sqs:SendMessage", f"arn:aws:sqs:{region_and_account}:{name}"),
        ("sns:CreateTopic", topic),
        ("sns:Publish", topic),
        ("cloudwatch:PutMetricData", "*"),
    ]
    assert [need[1] for need in aws.requests()[0]["needs"]][1:] == [
        f"arn:aws:glue:{region_and_account}:database/{database}",
        f"arn:aws:glue:{region_and_account}:catalog",
    ]


def test_setup_requests_are_not_recorded_as_the_pipelines(aws: Aws) -> None:
    aws.new_bucket()
    assert aws.requests() == []


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("s3", "list_buckets"),
        ("glue", "get_databases"),
        ("sqs", "list_queues"),
        ("sns", "list_topics"),
        ("cloudwatch", "list_metrics"),
    ],
)
def test_an_ordered_error_reaches_the_caller_with_its_code(aws: Aws, service: str, call: str) -> None:
    aws.faults(Fault(f"{service}:.*", status=503, code="SlowDown", message="Reduce your request rate."))
    client = aws.pipeline_client(service)
    with pytest.raises(ClientError) as raised:
        getattr(client, call)()
    assert raised.value.response["Error"]["Code"] == "SlowDown"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    getattr(client, call)()  # the next request succeeds
    assert [(request["status"], request["fault"]) for request in aws.requests()] == [(503, True), (200, False)]


def test_a_fault_meets_its_requests_after_letting_some_pass(aws: Aws) -> None:
    bucket, s3 = aws.new_bucket(), aws.pipeline_client("s3")
    aws.faults(Fault("s3:PutObject", resource="/raw/", after=1, status=500))
    s3.put_object(Bucket=bucket, Key="other", Body=b"")
    s3.put_object(Bucket=bucket, Key="raw/1", Body=b"")
    with pytest.raises(ClientError, match="InternalError"):
        s3.put_object(Bucket=bucket, Key="raw/2", Body=b"")
    s3.put_object(Bucket=bucket, Key="raw/3", Body=b"")
    listed = aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [item["Key"] for item in listed] == ["other", "raw/1", "raw/3"]


def test_an_answer_can_be_lost_after_the_request_took_effect(aws: Aws) -> None:
    bucket, s3 = aws.new_bucket(), aws.pipeline_client("s3")
    aws.faults(Fault("s3:PutObject", status=500, carried_out=True))
    with pytest.raises(ClientError, match="InternalError"):
        s3.put_object(Bucket=bucket, Key="kept", Body=b"whole")
    assert aws.client("s3").get_object(Bucket=bucket, Key="kept")["Body"].read() == b"whole"


def test_a_body_can_be_truncated(aws: Aws) -> None:
    bucket, s3 = aws.new_bucket(), aws.pipeline_client("s3")
    s3.put_object(Bucket=bucket, Key="big", Body=b"x" * 1000)
    aws.faults(Fault("s3:GetObject", truncate_to=100))
    with pytest.raises((IncompleteReadError, ResponseStreamingError)):
        s3.get_object(Bucket=bucket, Key="big")["Body"].read()


def test_faults_of_one_test_do_not_affect_another(aws: Aws, moto_url: str) -> None:
    neighbor = Aws(moto_url, aws.record_file)
    neighbor.faults(Fault("s3:.*", status=500))
    aws.pipeline_client("s3").list_buckets()
    neighbor.clear_faults()
    neighbor.pipeline_client("s3").list_buckets()


def test_of_two_writers_only_one_creates_an_object(aws: Aws) -> None:
    bucket, s3 = aws.new_bucket(), aws.pipeline_client("s3")
    s3.put_object(Bucket=bucket, Key="latest.json", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=bucket, Key="latest.json", Body=b"2", IfNoneMatch="*")


def test_a_table_is_not_updated_from_a_stale_version(aws: Aws) -> None:
    database, glue = aws.new_database(aws.new_bucket()), aws.client("glue")
    glue.create_table(DatabaseName=database, TableInput={"Name": "loans"})
    version = glue.get_table(DatabaseName=database, Name="loans")["Table"]["VersionId"]
    glue.update_table(DatabaseName=database, TableInput={"Name": "loans", "Description": "1"}, VersionId=version)
    with pytest.raises(ClientError, match="ConcurrentModificationException"):
        glue.update_table(DatabaseName=database, TableInput={"Name": "loans", "Description": "2"}, VersionId=version)


def _crawler(aws: Aws, target: str, database: str) -> str:
    name = aws.new_name("crawler")
    targets = {"S3Targets": [{"Path": target}]}
    aws.client("glue").create_crawler(
        Name=name, Role="crawler", DatabaseName=database, Targets=targets, TablePrefix="raw_"
    )
    return name


def _crawl_states(aws: Aws, name: str) -> list[str]:
    return [aws.client("glue").get_crawler(Name=name)["Crawler"]["State"] for _ in range(4)]


def test_a_crawl_registers_tables_with_guessed_types_and_partitions(aws: Aws) -> None:
    bucket, glue = aws.new_bucket(), aws.client("glue")
    database = aws.new_database(bucket)
    loans = b"Loan_ID,rate,paid,score,opened\nL1,6.5,true,700,2026-01-31\nL2,,false,650,2026-02-28\n"
    for day in ("2026-02-19", "2026-02-20"):
        aws.client("s3").put_object(Bucket=bucket, Key=f"raw/loans/load_date={day}/loans.csv", Body=loans)
    name = _crawler(aws, f"s3://{bucket}/raw/", database)
    glue.start_crawler(Name=name)

    assert _crawl_states(aws, name) == ["RUNNING", "STOPPING", "READY", "READY"]
    assert glue.get_crawler(Name=name)["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
    table = glue.get_table(DatabaseName=database, Name="raw_loans")["Table"]
    assert {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]} == {
        "loan_id": "string",
        "rate": "double",
        "paid": "boolean",
        "score": "bigint",
        "opened": "string",
    }
    assert table["PartitionKeys"] == [{"Name": "load_date", "Type": "string"}]
    partitions = glue.get_partitions(DatabaseName=database, TableName="raw_loans")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2026-02-19"], ["2026-02-20"]]


def test_a_crawl_fails_with_its_reason_or_never_ends(aws: Aws) -> None:
    database, glue = aws.new_database(aws.new_bucket()), aws.pipeline_client("glue")
    crawler = _crawler(aws, "s3://no-such-bucket/raw/", database)
    glue.start_crawler(Name=crawler)
    assert _crawl_states(aws, crawler)[-1] == "READY"
    last = glue.get_crawler(Name=crawler)["Crawler"]["LastCrawl"]
    assert last["Status"] == "FAILED"
    assert "NoSuchBucket" in last["ErrorMessage"]

    aws.faults(Fault("glue:StartCrawler", outcome="RUNNING"))
    glue.start_crawler(Name=crawler)
    assert _crawl_states(aws, crawler) == ["RUNNING"] * 4
    with pytest.raises(ClientError, match="CrawlerRunningException"):
        glue.start_crawler(Name=crawler)


def test_a_wrong_fault_rule_is_refused(moto_url: str) -> None:
    assert httpx.put(f"{moto_url}/_faults", json=[{"operatoin": "s3:.*"}]).status_code >= 400


def test_listed_pages_equal_motos_own() -> None:
    chance = random.Random(3)
    backend = S3Backend("us-east-1", "123456789012")
    parts = ["a", "b", "a.b", "a b", "ü", "日", ""]
    pages = 0
    for number in range(60):
        bucket = backend.create_bucket(f"bucket-{number}", "us-east-1")
        for _ in range(chance.randrange(40)):
            name = "/".join(chance.choice(parts) for _ in range(chance.randrange(1, 5))) or "x"
            backend.put_object(bucket.name, name, b"", disable_notification=True)
        starts = ["", "a", "a/", *(name[:length] for name in bucket.keys for length in (2, 4, 20))]
        for _ in range(20):
            prefix, after, limit = chance.choice(starts), chance.choice(starts), chance.choice([1, 2, 3, 1000])
            delimiter, token = chance.choice([None, "/"]), None
            while True:
                arguments = (bucket, prefix, delimiter, token, after, limit)
                page = backend.list_objects_v2(*arguments)
                assert list_objects_v2(backend, *arguments) == page
                pages, token = pages + 1, page[2]
                if not token:
                    break
    assert pages > 1000
