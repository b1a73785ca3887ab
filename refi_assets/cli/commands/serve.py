"""The command that serves the HTTP API."""

import os
from pathlib import Path
from typing import Annotated

import typer

from refi_assets.api.settings import ApiSettings
from refi_assets.api.tls import tls_context
from refi_assets.cli.commands.options import ERR, Lake, lake_url
from refi_assets.errors import needs_packages
from refi_assets.settings import settings_of

app = typer.Typer()

PACKAGES = ("fastapi", "httptools", "prometheus_client", "scipy", "sklearn", "uvicorn")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@app.command("serve")
def serve_scores(
    host: Annotated[str | None, typer.Option(help="The address to listen on. Default: REFI_API_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Its port. Default: REFI_API_PORT.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Serve only this model; may be repeated. Default: REFI_API_MODELS."),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate for TLS (PEM). Default: REFI_API_TLS_CERT.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key (PEM). Default: REFI_API_TLS_KEY.")
    ] = None,
    sagemaker: Annotated[
        bool,
        typer.Option("--sagemaker", help="As a container of SageMaker: on all addresses, /invocations without a key."),
    ] = False,
    lake: Lake = None,
) -> None:
    """Serve stored offers, their events, and scores of the registered champions over HTTP, until it is stopped."""
    with needs_packages("refi serve", PACKAGES, "ml,api", "make ml"):
        from refi_assets.api.server import serve_api
    url, settings = lake_url(lake), settings_of(ApiSettings)
    bind_port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "")  # SageMaker sets it if containers share a host
    sagemaker = sagemaker or bool(bind_port)
    if sagemaker:
        host = host or "0.0.0.0"  # noqa: S104
        port = int(bind_port) if port is None and bind_port.isdecimal() else port
    host = host or settings.api_host
    tls = tls_context(tls_cert or settings.api_tls_cert, tls_key or settings.api_tls_key)
    if host not in LOOPBACK and tls is None:
        ERR.warn(
            f"Warning: {host} is not loopback, and there is no TLS: whoever is on the network between can read API "
            "keys and customers' offers. Let only a proxy with TLS reach it, or give --tls-cert and --tls-key."
        )
    models = model or [name for name in settings.api_models.split(",") if name]
    port = settings.api_port if port is None else port
    serve_api(host, port, tls, models, url, settings.api_poll_seconds, sagemaker=sagemaker)
