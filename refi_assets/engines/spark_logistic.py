"""Logistic regression by PySpark's ML, of arrays in memory. What is learned, and from what, is the caller's matter."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from refi_assets.engines.spark_session import spark_session

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_ITERATIONS, _TOLERANCE = 500, 1e-9
_FEATURES, _LABEL, _ROW = "features", "label", "row"


@dataclass(frozen=True)
class SparkLogistic:
    """A fitted regression, and the probability of the positive label of each row that it was asked about."""

    coefficients: Floats
    intercept: float
    probabilities: Floats


def fit_spark_logistic(matrix: Floats, label: Bools, asked: Floats, penalty: float) -> SparkLogistic:
    """Fit the rows of a matrix, and predict those of another with the same columns.

    It minimizes the sum of the rows' log losses plus penalty (>= 0) times the sum of the squared coefficients; the
    intercept is free. Raises SettingError without PySpark or Java, EngineError if Spark does not start.
    """
    spark = spark_session()
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql.functions import col

    # Spark minimizes the mean of the losses plus half of regParam times the squares.
    regression = LogisticRegression(
        regParam=2 * penalty / len(label),
        elasticNetParam=0.0,
        standardization=False,
        maxIter=_ITERATIONS,
        tol=_TOLERANCE,
    )
    fitted = regression.fit(_frame(spark, matrix, {_LABEL: label.astype(np.float64)}))
    predicted = (
        fitted.transform(_frame(spark, asked, {_ROW: np.arange(len(asked))}))
        .select(_ROW, vector_to_array(col("probability"))[1].alias("probability"))
        .toArrow()
        .sort_by(_ROW)
    )
    return SparkLogistic(
        coefficients=fitted.coefficients.toArray(),
        intercept=float(fitted.intercept),
        probabilities=predicted["probability"].to_numpy(),
    )


def _frame(spark: Any, matrix: Floats, columns: dict[str, npt.NDArray[Any]]) -> Any:
    """A data frame with a column of vectors, the rows of the matrix, and others."""
    import pyarrow as pa
    from pyspark.ml.feature import VectorAssembler

    names = [f"feature_{number}" for number in range(matrix.shape[1])]
    arrays = dict(zip(names, matrix.T, strict=True)) | columns
    frame = spark.createDataFrame(pa.table({name: np.ascontiguousarray(array) for name, array in arrays.items()}))
    return VectorAssembler(inputCols=names, outputCol=_FEATURES).transform(frame).select(_FEATURES, *columns)
