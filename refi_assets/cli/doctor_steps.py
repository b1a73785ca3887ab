"""The steps of refi doctor: what a deployment with these settings needs, each tried as the pipeline uses it.

What is put into the lake is deleted again, and no message is published or received; what stays is the result of
Athena's query, where results go. Which step comes when is in steps(); how they are run and shown, in doctor.py.
"""

import os
import re
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import NoReturn
from urllib.parse import urlsplit

from sqlglot import exp

from refi_assets import aws
from refi_assets.cli.doctor import MendableError, Step, UnneededError
from refi_assets.engines import open_engine
from refi_assets.engines.duckdb import open_duckdb
from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import EngineError, LakeError, RefiError, SettingError
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import ObjectStore, open_lake
from refi_assets.lake.settings import LakeSettings
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.project import set_dagster_home
from refi_assets.refi.policy import load_refi_policy
from refi_assets.settings import PROJECT_DIR, all_settings, settings_of
from refi_assets.specs.contracts import load_contracts
from refi_assets.specs.settings import SpecSettings

QUERY_SECONDS = 60
BAD_KEYS = "Correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile."


class Deployment:
    """What the settings say there is, and the looks at it."""

    def __init__(self) -> None:
        self._key = f"runs/doctor-{uuid.uuid4()}/doctor.json"  # a run that published nothing: clean-up takes it, too

    @property
    def _asks_aws(self) -> bool:
        """Whether anything of AWS is needed besides what speaks the protocol of S3."""
        observability = settings_of(ObservabilitySettings)
        return settings_of(EngineSettings).engine == "athena" or any(
            (
                settings_of(IngestionSettings).arrivals_queue_url,
                observability.alerts_topic_arn,
                observability.metrics_namespace,
            )
        )

    @cached_property
    def _lake(self) -> ObjectStore:
        return open_lake(settings_of(LakeSettings).lake_url, create=False)

    def settings(self) -> str:
        """They are valid, and so are the files they name."""
        all_settings()
        load_refi_policy(settings_of(SpecSettings).policy_file)
        engine, lake_url = settings_of(EngineSettings).engine, settings_of(LakeSettings).lake_url
        return f"engine {engine}, lake {lake_url}, {len(load_contracts())} sources"

    def packages(self) -> str:
        """Those that these settings need can be imported."""
        needed = {
            "boto3": _is_on_s3() or self._asks_aws,
            "duckdb_extension_httpfs": _is_on_s3(),
            "pyathena": settings_of(EngineSettings).engine == "athena",
            "trino": settings_of(EngineSettings).engine == "trino",
        }
        missing = [name for name, is_needed in needed.items() if is_needed and find_spec(name) is None]
        if missing:
            raise MendableError(f"{', '.join(missing)} cannot be imported", "Install the extra deploy: make deploy")
        return ", ".join(name for name, is_needed in needed.items() if is_needed) or "none but the project's own"

    def credentials(self) -> str:
        """AWS knows who asks."""
        if not _is_on_s3() and not self._asks_aws:
            raise UnneededError("these settings need nothing of AWS")
        aws.session()
        if not self._asks_aws and aws.own_endpoint("s3") and not aws.own_endpoint("sts"):
            raise UnneededError(f"{aws.own_endpoint('s3')} is not AWS: lake list tells whether it takes them")
        with _asked("sts:GetCallerIdentity", "the identity", BAD_KEYS):
            who = aws.client("sts", **aws.QUICK).get_caller_identity()
        return f"{who['Arn']}, region {aws.session().region_name}"

    def lake_list(self) -> str:
        """The raw zone can be listed."""
        with self._in_the_lake("s3:ListBucket"):
            found = self._lake.folders("raw")
        return f"raw/ holds {', '.join(found) or 'nothing yet'}"

    def lake_write(self) -> str:
        """An object can be put where there is none."""
        with self._in_the_lake("s3:PutObject"):
            self._lake.create_json(self._key, {"doctor": 1})
        return self._key

    def lake_read(self) -> str:
        """What was put is what is there."""
        with self._in_the_lake("s3:GetObject"):
            found = self._lake.get_json(self._key)
        if found != {"doctor": 1}:
            raise MendableError(f"{self._key} holds something else than was put", "Use one that shows a put at once.")
        return "as it was put"

    def lake_conditional_put(self) -> str:
        """A put of what is there already is refused: of two runs, one can publish."""
        with self._in_the_lake("s3:PutObject"):
            was_put = self._lake.create_json(self._key, {"doctor": 2})
        if was_put or self._lake.get_json(self._key) != {"doctor": 1}:
            raise MendableError(
                "what was there was replaced, so two runs at once could both publish",
                "Use a store that honours If-None-Match: S3, or a version of yours that does.",
            )
        return "refused where there is one already"

    def lake_delete(self) -> str:
        """What was put can be deleted."""
        with self._in_the_lake("s3:DeleteObject"):
            self._lake.delete([self._key])
            self._lake.delete_folder(self._key.rsplit("/", 1)[0])
        return "nothing is left behind"

    def duckdb(self) -> str:
        """DuckDB opens, and reads from the lake; on S3, by its extension httpfs."""
        with open_duckdb(self._lake).session() as session:
            version = session.value("SELECT version()")
            read = session.value(f"SELECT COUNT(*) FROM read_text({text_literal(self._lake.url(self._key))})")
        return f"{version} reads {read} object of the lake"

    def database(self) -> str:
        """The database of the tables is there."""
        name = self._athena(settings_of(EngineSettings).glue_database)
        mend = "Create it (aws glue create-database, or infra/terraform), or correct REFI_GLUE_DATABASE."
        with _asked("glue:GetDatabase", f"database {name}", mend):
            aws.client("glue", **aws.QUICK).get_database(Name=name)
        return name

    def crawler(self) -> str:
        """The crawler is there."""
        name = self._athena(settings_of(EngineSettings).glue_crawler)
        if settings_of(EngineSettings).catalog_mode != "crawler":
            raise UnneededError("REFI_CATALOG_MODE is contract")
        mend = "Create it (infra/terraform), or correct REFI_GLUE_CRAWLER."
        with _asked("glue:GetCrawler", f"crawler {name}", mend):
            found = aws.client("glue", **aws.QUICK).get_crawler(Name=name)["Crawler"]
        return f"{name} is {found.get('State', 'there').lower()}"

    def workgroup(self) -> str:
        """A query of one row runs in the workgroup."""
        group = self._athena(settings_of(EngineSettings).athena_workgroup)
        actions = "athena:StartQueryExecution, GetQueryExecution and GetQueryResults, and s3:PutObject for the results,"
        absent = "Create it (infra/terraform), or correct REFI_ATHENA_WORKGROUP."
        try:
            self._query()
        except EngineError as error:
            raise MendableError(_first_line(error), _mend(str(error), actions, absent)) from None
        return f"{group} answers a query"

    def trino(self) -> str:
        """A query of one row runs."""
        if settings_of(EngineSettings).engine != "trino":
            raise UnneededError(f"REFI_ENGINE is {settings_of(EngineSettings).engine}")
        url = urlsplit(settings_of(EngineSettings).trino_url)
        where = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
        try:
            self._query()
        except EngineError as error:
            mend = "Check REFI_TRINO_URL (scheme, port, user, password), and that Trino has started."
            raise MendableError(f"{where}: {_first_line(error)}", mend) from None
        return f"{where} answers a query"

    def _query(self) -> None:
        """Ask the engine as a run does, for something that no earlier result can answer."""
        asked = str(uuid.uuid4())
        with _within(QUERY_SECONDS), open_engine(settings_of(EngineSettings).engine, self._lake).session([]) as session:
            rows = session.query(exp.select(exp.Literal.string(asked).as_("asked")))
        if rows != [{"asked": asked}]:
            raise EngineError(f"it answered {rows} when asked for {asked!r}")

    def queue(self) -> str:
        """The queue of arrivals is there."""
        url = settings_of(IngestionSettings).arrivals_queue_url
        if not url:
            raise UnneededError("REFI_ARRIVALS_QUEUE_URL is not set: the raw zone is listed instead")
        mend = "Create it (infra/terraform), or correct REFI_ARRIVALS_QUEUE_URL."
        with _asked("sqs:GetQueueAttributes", f"queue {url}", mend):
            found = aws.client("sqs", **aws.QUICK).get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return f"{found['Attributes']['ApproximateNumberOfMessages']} messages wait"

    def topic(self) -> str:
        """The topic of alerts is there, and somebody hears it. Nothing is published."""
        arn = settings_of(ObservabilitySettings).alerts_topic_arn
        if not arn:
            raise UnneededError("REFI_ALERTS_TOPIC_ARN is not set: nobody is told of failures")
        mend = "Create it (infra/terraform), or correct REFI_ALERTS_TOPIC_ARN."
        with _asked("sns:ListSubscriptionsByTopic", f"topic {arn}", mend):
            found = aws.client("sns", **aws.QUICK).list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        heard = [one for one in found if one["SubscriptionArn"].startswith("arn:")]  # others have yet to confirm
        if not heard:
            mend = f"Subscribe somebody: aws sns subscribe --topic-arn {arn} --protocol email …"
            raise MendableError(f"nobody has subscribed to {arn}", mend)
        return f"{', '.join(sorted({one['Protocol'] for one in heard}))}; that alerts may be published is not tried"

    def dagster(self) -> str:
        """The instance opens, and its runs can be read."""
        set_dagster_home(PROJECT_DIR)
        import dagster as dg

        home = os.environ["DAGSTER_HOME"]
        mend = f"Correct {home}/dagster.yaml, and start what keeps its storage."
        try:
            with dg.DagsterInstance.get() as instance:
                runs = instance.get_runs_count()
        except Exception as error:
            raise MendableError(f"{home}: {type(error).__name__}: {_first_line(error)}", mend) from None
        return f"{home}: {runs} runs"

    @contextmanager
    def _in_the_lake(self, action: str) -> Iterator[None]:
        try:
            yield
        except RefiError as error:
            folder = "The folder must be there, and this user must be allowed to read and write in it."
            bucket = "Create the bucket (infra/terraform), or correct REFI_LAKE_URL."
            mend = _mend(str(error), action, bucket) if _is_on_s3() else folder
            raise MendableError(str(error), mend) from None

    def _athena(self, name: str) -> str:
        if settings_of(EngineSettings).engine != "athena":
            raise UnneededError(f"REFI_ENGINE is {settings_of(EngineSettings).engine}")
        return name


def steps() -> list[Step]:
    """What is tried, in this order, and what must be well before."""
    it = Deployment()
    return [
        Step("settings", it.settings),
        Step("packages", it.packages, after=("settings",)),
        Step("credentials", it.credentials, after=("packages",)),
        Step("lake list", it.lake_list, after=("credentials",) if _is_on_s3() else ("settings",)),
        Step("lake write", it.lake_write, after=("lake list",)),
        Step("lake read", it.lake_read, after=("lake write",)),
        Step("lake conditional put", it.lake_conditional_put, after=("lake read",)),
        Step("duckdb", it.duckdb, after=("lake read",)),
        Step("lake delete", it.lake_delete, after=("lake write",)),
        Step("database", it.database, after=("credentials",)),
        Step("crawler", it.crawler, after=("credentials",)),
        Step("workgroup", it.workgroup, after=("credentials",)),
        Step("trino", it.trino, after=("credentials",)),
        Step("queue", it.queue, after=("credentials",)),
        Step("topic", it.topic, after=("credentials",)),
        Step("dagster", it.dagster, after=("settings",)),
    ]


def _is_on_s3() -> bool:
    try:
        return settings_of(LakeSettings).lake_url.startswith("s3://")
    except SettingError:  # the first step says so
        return False


@contextmanager
def _asked(action: str, of: str, absent: str) -> Iterator[None]:
    """Turn what AWS refuses into what is wrong: `action` is what IAM calls it, `absent` mends that it is not there."""
    try:
        with aws.asked_of(of, LakeError):
            yield
    except LakeError as error:
        raise MendableError(str(error), _mend(str(error), action, absent)) from None


def _mend(words: str, action: str, absent: str) -> str:
    """By what AWS calls it; what is not here is told in AWS's own words."""
    network = "Check the region, AWS_ENDPOINT_URL and its like, and that the network lets this machine there."
    mends = {
        "Expired": "Renew the credentials: their session is over.",
        "InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId|AuthFailure": BAD_KEYS,
        "AccessDenied|AuthorizationError|Unauthorized|Forbidden": f"Allow {action} to this role.",
        "error sending request|connect|timed? ?out|SSL": network,
        "Not ?Found|Non ?Existent|No ?Such|(Does )?Not ?Exist": absent,
    }
    found = (mend for pattern, mend in mends.items() if re.search(pattern, words, re.IGNORECASE))
    return next(found, f"It is what AWS says to {action}: try again, and look the code up if it stays.")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300]


class _OverError(BaseException):
    """Not to be taken by a library for an error of its own."""


@contextmanager
def _within(seconds: int) -> Iterator[None]:
    """Interrupt what takes longer; an engine ends its query then."""

    def interrupt(*_: object) -> NoReturn:
        raise _OverError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        yield
    except _OverError:
        mend = "Look at what else runs there: queries may be waiting for their turn."
        raise MendableError(f"a query of one row did not end within {seconds} s", mend) from None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
