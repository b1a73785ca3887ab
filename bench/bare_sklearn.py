"""A bare scikit-learn script beside `refi model evaluate`: python bench/bare_sklearn.py FILE LABEL [searched].

It prints the ROC-AUC of three models on a stratified test part of 30 %, as JSON. Numbers get medians and missing
indicators, categories get a column each. With `searched`, parameters are chosen from the grid of policies/ml/ml.yaml by
folds, and probabilities are calibrated, as our command does.
"""

import json
import sys

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from refi_assets.ml.policy import load_ml_policy


def main(file: str, label: str, searched: bool) -> None:
    """Read, split, fit three models, and print."""
    frame = pd.read_csv(file)
    outcome = frame.pop(label)
    positive = outcome == outcome.value_counts().idxmin()
    search = load_ml_policy().search
    models = {
        "logistic_regression": (LogisticRegression(max_iter=1000), {"C": [0.01, 0.1, 1.0, 10.0]}),
        "random_forest": (
            RandomForestClassifier(search.trees, n_jobs=-1, random_state=0),
            [{name: [value] for name, value in parameters.model_dump().items()} for parameters in search.forest],
        ),
        "gradient_boosting": (
            HistGradientBoostingClassifier(random_state=0),
            [
                {name: [value] for name, value in parameters.model_dump().items()} | {"max_iter": list(search.rounds)}
                for parameters in search.boosting
            ],
        ),
    }
    train, test, train_label, test_label = train_test_split(
        frame, positive, test_size=0.3, stratify=positive, random_state=0
    )
    figures = {}
    for name, (model, grid) in models.items():
        estimator = make_pipeline(
            make_column_transformer(
                (
                    make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                    make_column_selector(dtype_include="number"),
                ),
                (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
            ),
            GridSearchCV(model, grid, scoring="roc_auc", cv=4) if searched else model,
        )
        fitted = (CalibratedClassifierCV(estimator, cv=4) if searched else estimator).fit(train, train_label)
        figures[name] = roc_auc_score(test_label, fitted.predict_proba(test)[:, 1])
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["searched"])
