"""The steps of refi doctor: everything that a deployment with these settings needs, tried as the pipeline uses it.

The steps delete the object that they put into the lake, and publish and receive no message. Only the result of Athena's
query stays, in the location for results. Running the steps and printing their findings belongs to doctor.py.
"""

import os
import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from importlib.util import find_spec
from typing import NoReturn, cast
from urllib.parse import urlsplit

from sqlglot import exp

from refi_assets import aws
from refi_assets.cli.doctor import DoctorStep, FixableError, UnneededError
from refi_assets.cli.doctor_serving import serving_steps
from refi_assets.engines import open_remote_engine
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, LakeError, RefiError, SettingError
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import ObjectStore, Relation, open_lake
from refi_assets.lake.settings import LakeSettings
from refi_assets.observability.alerts import AlertError
from refi_assets.observability.mail import try_mail_server
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.project import set_dagster_home
from refi_assets.refi.policy import load_refi_policy
from refi_assets.settings import PROJECT_DIR, all_settings, settings_of
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.names import table_of
from refi_assets.specs.settings import SpecSettings

QUERY_SECONDS = 60
BAD_KEYS = "Correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile."


class Deployment:
    """The deployment that the settings describe. Each public method is one step, and returns its result as text."""

    def __init__(self) -> None:
        self._key = f"runs/doctor-{uuid.uuid4()}/doctor.json"  # clean-up would delete it, as of an unpublished run

    @property
    def _engine(self) -> EngineSettings:
        return settings_of(EngineSettings)

    @property
    def _needs_aws(self) -> bool:
        """Whether the settings need any service of AWS other than S3, whose protocol other stores have as well."""
        queue, observability = settings_of(IngestionSettings).arrivals_queue_url, settings_of(ObservabilitySettings)
        is_set = any((queue, observability.alerts_topic_arn, observability.metrics_namespace))
        return self._engine.engine == "athena" or is_set

    @cached_property
    def _lake(self) -> ObjectStore:
        return open_lake(settings_of(LakeSettings).lake_url, create=False)

    def settings(self) -> str:
        """The settings are valid, and so are the files that they name."""
        all_settings()
        load_refi_policy(settings_of(SpecSettings).policy_file)
        lake_url, sources = settings_of(LakeSettings).lake_url, len(load_contracts())
        return f"engine {self._engine.engine}, lake {lake_url}, {sources} sources"

    def packages(self) -> str:
        """The packages that these settings need can be imported."""
        is_needed = {
            "boto3": _is_on_s3() or self._needs_aws,
            "duckdb_extension_httpfs": _is_on_s3(),
            "pyathena": self._engine.engine == "athena",
            "trino": self._engine.engine == "trino",
            "pyspark": self._engine.engine == "spark",
        }
        needed = [name for name, value in is_needed.items() if value]
        if missing := [name for name in needed if find_spec(name) is None]:
            fix = "Install the extra spark" if missing == ["pyspark"] else "Install the extra deploy: make deploy"
            raise FixableError(f"{', '.join(missing)} cannot be imported", fix)
        return ", ".join(needed) or "no optional package is needed"

    def credentials(self) -> str:
        """AWS accepts the credentials."""
        if not _is_on_s3() and not self._needs_aws:
            raise UnneededError("these settings need no service of AWS")
        aws.session()
        if not self._needs_aws and aws.custom_endpoint("s3") and not aws.custom_endpoint("sts"):
            raise UnneededError(f"{aws.custom_endpoint('s3')} is not AWS: the step lake list tries the credentials")
        with _fixable("sts:GetCallerIdentity", "the identity", BAD_KEYS):
            identity = aws.client("sts", **aws.QUICK).get_caller_identity()
        return f"{identity['Arn']}, region {aws.session().region_name}"

    def lake_list(self) -> str:
        """The raw zone can be listed."""
        with self._in_the_lake("s3:ListBucket"):
            folders = self._lake.folders("raw")
        return f"raw/ contains {', '.join(folders) or 'nothing yet'}"

    def lake_write(self) -> str:
        """A new object can be put."""
        with self._in_the_lake("s3:PutObject"):
            self._lake.create_json(self._key, {"doctor": 1})
        return self._key

    def lake_read(self) -> str:
        """The object that was put can be read, unchanged."""
        with self._in_the_lake("s3:GetObject"):
            content = self._lake.get_json(self._key)
        if content != {"doctor": 1}:
            fix = "Use a store in which a put can be read at once."
            raise FixableError(f"{self._key} does not have the content that was put", fix)
        return "as it was put"

    def lake_conditional_put(self) -> str:
        """A conditional put of an existing object is refused, so that only one of two runs can publish."""
        with self._in_the_lake("s3:PutObject"):
            was_put = self._lake.create_json(self._key, {"doctor": 2})
        if was_put or self._lake.get_json(self._key) != {"doctor": 1}:
            raise FixableError(
                "an existing object was replaced, so two runs at once could both publish",
                "Use a store that supports If-None-Match: S3, or a version of your store that does.",
            )
        return "refused for an existing object"

    def lake_delete(self) -> str:
        """The object that was put can be deleted."""
        with self._in_the_lake("s3:DeleteObject"):
            self._lake.delete([self._key])
            self._lake.delete_folder(self._key.rsplit("/", 1)[0])
        return "nothing was left behind"

    def duckdb(self) -> str:
        """DuckDB starts and reads from the lake; on S3, with its extension httpfs."""
        with open_duckdb(self._lake).session() as session:
            version = session.value("SELECT version()")
            session.execute(f"FROM read_text({text_literal(self._lake.url(self._key))})")
        return f"{version} reads an object of the lake"

    def database(self) -> str:
        """The Glue database exists."""
        name = self._on_athena(self._engine.glue_database)
        fix = "Create it (aws glue create-database, or infra/terraform), or correct REFI_GLUE_DATABASE."
        with _fixable("glue:GetDatabase", f"database {name}", fix):
            aws.client("glue", **aws.QUICK).get_database(Name=name)
        return name

    def crawler(self) -> str:
        """The crawler exists."""
        name = self._on_athena(self._engine.glue_crawler)
        if self._engine.catalog_mode != "crawler":
            raise UnneededError("REFI_CATALOG_MODE is contract")
        fix = "Create it (infra/terraform), or correct REFI_GLUE_CRAWLER."
        with _fixable("glue:GetCrawler", f"crawler {name}", fix):
            crawler = aws.client("glue", **aws.QUICK).get_crawler(Name=name)["Crawler"]
        return f"{name} is {crawler['State'].lower()}"

    def workgroup(self) -> str:
        """A query of one row runs in the workgroup."""
        group = self._on_athena(self._engine.athena_workgroup)
        actions = "athena:StartQueryExecution, GetQueryExecution and GetQueryResults, and s3:PutObject for the results,"
        fix = "Create it (infra/terraform), or correct REFI_ATHENA_WORKGROUP."
        try:
            self._query()
        except EngineError as error:
            raise FixableError(_first_line(error), _fix_of(str(error), actions, fix)) from None
        return f"{group} answers a query"

    def trino(self) -> str:
        """A query of one row runs."""
        if self._engine.engine != "trino":
            raise UnneededError(f"REFI_ENGINE is {self._engine.engine}")
        url = urlsplit(self._engine.trino_url)
        address = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
        try:
            self._query()
        except EngineError as error:
            fix = "Check REFI_TRINO_URL (scheme, port, user, password), and that Trino has started."
            raise FixableError(f"{address}: {_first_line(error)}", fix) from None
        return f"{address} answers a query"

    def spark(self) -> str:
        """Spark starts, writes a relation to the lake, and reads it."""
        if self._engine.engine != "spark":
            raise UnneededError(f"REFI_ENGINE is {self._engine.engine}")
        draft = Relation(key="doctor/answer", run_id=self._key.split("/")[1], as_of=date.min, kind="table")
        answer = cast(exp.Query, exp.select(exp.Literal.number(1).as_("value")))
        try:
            with _time_limit(QUERY_SECONDS), open_remote_engine("spark", self._lake).session([]) as session:
                written = session.create(draft, answer)
                rows = session.query(exp.select("value").from_(table_of(written.key)))
        except (EngineError, LakeError) as error:
            fix = "Check REFI_SPARK_MASTER; a lake on S3 needs hadoop-aws among REFI_SPARK_JARS."
            raise FixableError(_first_line(error), fix) from None
        return f"{self._engine.spark_master} writes and reads {len(rows)} row"

    def _query(self) -> None:
        """Send the engine a query as a run does, for a value that no earlier result contains."""
        value = str(uuid.uuid4())
        with _time_limit(QUERY_SECONDS), open_remote_engine(self._engine.engine, self._lake).session([]) as session:
            rows = session.query(exp.select(exp.Literal.string(value).as_("value")))
        if rows != [{"value": value}]:
            raise EngineError(f"a query for {value!r} returned {rows}")

    def queue(self) -> str:
        """The queue of arrivals exists."""
        url = settings_of(IngestionSettings).arrivals_queue_url
        if not url:
            raise UnneededError("REFI_ARRIVALS_QUEUE_URL is not set: the raw zone is listed instead")
        fix = "Create it (infra/terraform), or correct REFI_ARRIVALS_QUEUE_URL."
        with _fixable("sqs:GetQueueAttributes", f"queue {url}", fix):
            queue = aws.client("sqs", **aws.QUICK).get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return f"about {queue['Attributes']['ApproximateNumberOfMessages']} messages are waiting"

    def topic(self) -> str:
        """The topic of alerts exists and has a subscriber. Nothing is published."""
        arn = settings_of(ObservabilitySettings).alerts_topic_arn
        if not arn:
            raise UnneededError("REFI_ALERTS_TOPIC_ARN is not set: no alert is sent")
        fix = "Create it (infra/terraform), or correct REFI_ALERTS_TOPIC_ARN."
        with _fixable("sns:ListSubscriptionsByTopic", f"topic {arn}", fix):
            subscriptions = aws.client("sns", **aws.QUICK).list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        # An unconfirmed subscription has no ARN yet.
        protocols = {each["Protocol"] for each in subscriptions if each["SubscriptionArn"].startswith("arn:")}
        if not protocols:
            fix = f"Subscribe somebody: aws sns subscribe --topic-arn {arn} --protocol email …"
            raise FixableError(f"nobody has subscribed to {arn}", fix)
        return f"subscribed by {', '.join(sorted(protocols))}; publishing an alert is not tried"

    def mail(self) -> str:
        """The mail server of alerts lets us in. Nothing is sent."""
        settings = settings_of(ObservabilitySettings)
        if not settings.smtp_url.get_secret_value():
            raise UnneededError("REFI_SMTP_URL is not set: no alert is sent by mail")
        try:
            try_mail_server(settings)
        except AlertError as error:
            raise FixableError(
                str(error), "Correct REFI_SMTP_URL, or trust its certificate by SSL_CERT_FILE."
            ) from None
        return f"sending to {settings.alerts_mail_to} is not tried"

    def dagster(self) -> str:
        """Dagster's instance opens, and its runs can be read."""
        set_dagster_home(PROJECT_DIR)
        import dagster as dg

        home = os.environ["DAGSTER_HOME"]
        fix = f"Correct {home}/dagster.yaml, and start the database that it names, if any."
        try:
            with dg.DagsterInstance.get() as instance:
                runs = instance.get_runs_count()
        except Exception as error:
            raise FixableError(f"{home}: {type(error).__name__}: {_first_line(error)}", fix) from None
        return f"{home}: {runs} runs"

    @contextmanager
    def _in_the_lake(self, action: str) -> Iterator[None]:
        try:
            yield
        except RefiError as error:
            fix = "The folder must exist, and this user must be allowed to read and write in it."
            if _is_on_s3():
                fix = _fix_of(str(error), action, "Create the bucket (infra/terraform), or correct REFI_LAKE_URL.")
            raise FixableError(str(error), fix) from None

    def _on_athena(self, name: str) -> str:
        if self._engine.engine != "athena":
            raise UnneededError(f"REFI_ENGINE is {self._engine.engine}")
        return name


def doctor_steps() -> list[DoctorStep]:
    """The steps in their order, each with the steps that must succeed first."""
    deployment = Deployment()
    return [
        DoctorStep("settings", deployment.settings),
        DoctorStep("packages", deployment.packages, after=("settings",)),
        DoctorStep("credentials", deployment.credentials, after=("packages",)),
        DoctorStep("lake list", deployment.lake_list, after=("credentials",) if _is_on_s3() else ("settings",)),
        DoctorStep("lake write", deployment.lake_write, after=("lake list",)),
        DoctorStep("lake read", deployment.lake_read, after=("lake write",)),
        DoctorStep("lake conditional put", deployment.lake_conditional_put, after=("lake read",)),
        DoctorStep("duckdb", deployment.duckdb, after=("lake read",)),
        DoctorStep("spark", deployment.spark, after=("packages", "lake write")),
        DoctorStep("lake delete", deployment.lake_delete, after=("lake write",)),
        DoctorStep("database", deployment.database, after=("credentials",)),
        DoctorStep("crawler", deployment.crawler, after=("credentials",)),
        DoctorStep("workgroup", deployment.workgroup, after=("credentials",)),
        DoctorStep("trino", deployment.trino, after=("credentials",)),
        DoctorStep("queue", deployment.queue, after=("credentials",)),
        DoctorStep("topic", deployment.topic, after=("credentials",)),
        DoctorStep("mail", deployment.mail),
        DoctorStep("dagster", deployment.dagster, after=("settings",)),
        *serving_steps(),
    ]


def _is_on_s3() -> bool:
    try:
        return settings_of(LakeSettings).lake_url.startswith("s3://")
    except SettingError:  # the first step reports it
        return False


@contextmanager
def _fixable(action: str, subject: str, fix_if_absent: str) -> Iterator[None]:
    """Turn an error of AWS into a FixableError. `action`: its name in IAM; `subject`: the thing it is about."""
    try:
        with aws.readable_errors(subject, LakeError):
            yield
    except LakeError as error:
        raise FixableError(str(error), _fix_of(str(error), action, fix_if_absent)) from None


def _fix_of(message: str, action: str, fix_if_absent: str) -> str:
    """The fix for an error of AWS, by its message."""
    network = "Check the region, AWS_ENDPOINT_URL and its variants, and that this machine's network can reach it."
    fixes = {
        "Expired": "Renew the credentials: they have expired.",
        "InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId|AuthFailure": BAD_KEYS,
        "AccessDenied|AuthorizationError|Unauthorized|Forbidden": f"Allow {action} to this role.",
        "error sending request|connect|timed? ?out|SSL": network,
        "Not ?Found|Non ?Existent|No ?Such|(Does )?Not ?Exist": fix_if_absent,
    }
    matching = (fix for pattern, fix in fixes.items() if re.search(pattern, message, re.IGNORECASE))
    return next(matching, f"AWS answered this to {action}. Try again, and look up the code if it persists.")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


class _TimeLimitError(BaseException):
    """A BaseException, so that no library handles it as an error of its own."""


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Interrupt the block after this time; an engine then stops its query."""

    def interrupt(*_: object) -> NoReturn:
        raise _TimeLimitError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    except _TimeLimitError:
        fix = "Look for other queries there: this one may be waiting for its turn."
        raise FixableError(f"a query of one row did not end within {seconds} s", fix) from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
