"""The server: the app on the deployment's registry and lake, by uvicorn, with its log."""

import asyncio
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Collection
from datetime import datetime
from typing import cast

import uvicorn

from refi_assets.api.app import create_app
from refi_assets.api.authorization import Authorizer
from refi_assets.api.champions import Champions
from refi_assets.api.connections import IDLE_SECONDS, connections_allowed, limited_protocol
from refi_assets.api.customer_features import Customers
from refi_assets.api.event_writer import EventWriter
from refi_assets.api.live_decisions import LiveBorrowers
from refi_assets.api.middleware import ACCESS, AccessFormatter
from refi_assets.api.scored_programs import ScoredPrograms
from refi_assets.api.served import Served
from refi_assets.api.served_offers import ServedOffers
from refi_assets.api.settings import ApiSettings
from refi_assets.engines.duckdb import DuckDBEngine, open_duckdb
from refi_assets.errors import RefiError
from refi_assets.lake import open_lake
from refi_assets.ml.declared_models import declared_models
from refi_assets.ml.registry import open_registry
from refi_assets.observability.json_logs import log_as_json, stderr_handler
from refi_assets.offers.event_rules import load_event_rules
from refi_assets.offers.programs import programs
from refi_assets.risk.live_store import open_alert_outbox, open_decision_log, open_live_scores
from refi_assets.risk.policy import load_risk_policy
from refi_assets.settings import lender_now, settings_of
from refi_assets.store.key_file import KEY_FILE
from refi_assets.store.sqlite_store import store_root

# The writer of events gives up the interpreter at each of some fifteen steps. To get it back from a busy event loop, it
# would wait Python's 5 ms each time.
SWITCH_SECONDS = 0.0005
GRACE_SECONDS = 10  # for requests under way when the server is told to stop


def serve_api(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    models: Collection[str],
    lake_url: str,
    poll_seconds: float,
    *,
    sagemaker: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT, after which requests under way are still answered.

    With `sagemaker`, /invocations needs no key: SageMaker lets in nobody else.
    The log is JSON on stderr, a line for each request. Raises RefiError if the address is taken or not ours, and
    SettingError for a mistake in a model's file.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    declared_models()  # a mistake in a model's file is an error now, not in a request
    listening = _listen(host, port)
    _start_log()
    settings = settings_of(ApiSettings)
    served = served_from(lake_url, models, poll_seconds, settings.api_requests_per_second)
    config = uvicorn.Config(
        create_app(served, poll_seconds, sagemaker=sagemaker),
        http=cast(type[asyncio.Protocol], limited_protocol(connections_allowed(settings.api_connections))),
        ws="none",
        proxy_headers=False,  # nothing depends on a client's address
        ssl_context_factory=None if tls is None else lambda *_: tls,
        timeout_keep_alive=IDLE_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again when it has stopped
    uvicorn.Server(config).run(sockets=[listening])


def served_from(lake_url: str, models: Collection[str], poll_seconds: float, requests_per_second: int) -> Served:
    """What a lake, the store and the registry have. Raises SettingError for a mistake in a program's file."""

    def open_engine() -> DuckDBEngine:
        return open_duckdb(open_lake(lake_url, create=False))

    root = store_root(lake_url)
    enabled = [program for program in programs().values() if program.enabled]
    offers = ServedOffers(root, enabled, lender_now, poll_seconds)
    return Served(
        champions=Champions(open_registry, models),
        customers=Customers(open_engine),
        programs=ScoredPrograms(enabled, open_engine, open_registry),
        offers=offers,
        writer=EventWriter(offers.stores_to_write(), load_event_rules(), lender_now),
        borrowers=served_borrowers(lake_url),
        authorizer=Authorizer(root / KEY_FILE, lender_now, requests_per_second),
    )


def served_borrowers(lake_url: str, clock: Callable[[], datetime] = lender_now) -> LiveBorrowers:
    """What the store has on borrowers. Raises SettingError for a mistake in the policy."""
    return LiveBorrowers(
        open_live_scores(lake_url), open_alert_outbox(lake_url), open_decision_log(lake_url), load_risk_policy(), clock
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise RefiError(
            f"The API cannot listen on {host}, port {port}: {(error.strerror or '').partition(' (while')[0]}. Choose "
            "others by --host and --port, or by REFI_API_HOST and REFI_API_PORT."
        ) from None


def _start_log() -> None:
    log_as_json()
    for name in ("uvicorn.error", "refi_assets.api"):
        logging.getLogger(name).setLevel(logging.INFO)
    ACCESS.propagate = False
    ACCESS.handlers = [stderr_handler(AccessFormatter())]
