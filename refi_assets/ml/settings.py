"""Settings of models."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from refi_assets.settings import STATE_DIR, RoomSettings

# Of the extra `ml`.
ML_PACKAGES = (
    "markdown_it",
    "mlflow",
    "numba",
    "pandas",
    "scipy",
    "shap",
    "sklearn",
    "skops",
    "sqlparse",
    "threadpoolctl",
)

MLFLOW_URI_FORM = "it is sqlite:///FILE, or the http(s) URL of an MLflow server"


class MlSettings(RoomSettings):
    """Where models are registered."""

    mlflow_uri: str = Field(
        default=f"sqlite:///{STATE_DIR / 'registry' / 'mlflow.db'}",
        description="The model registry: sqlite:///FILE, with the models in a folder beside it, or an MLflow server.",
    )

    @field_validator("mlflow_uri")
    @classmethod
    def _is_an_mlflow_uri(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_server = False
        is_sqlite = value.startswith("sqlite:///") and len(value) > len("sqlite:///") and "?" not in value
        if not is_server and not is_sqlite:
            raise ValueError(f"the value is not a valid model registry; {MLFLOW_URI_FORM}")  # it may have a password
        return value.rstrip("/")
