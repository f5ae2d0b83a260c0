"""Trains a model of a day's bike rentals, measures it on the latest days and saves it.

The days that the model is measured on come after all days that it learned from, as in use. The
reference is a predictor that answers with the mean of the days it has seen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

TARGET = "rentals"
# Not day and month: the held-out months have not been seen, a tree learns nothing about them.
FEATURES = [
    "season",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
]


def split(days: pd.DataFrame, test_share: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The earlier days and the later ones; days are in the order of time, the share is of them."""
    boundary = round(len(days) * (1 - test_share))
    if not 0 < boundary < len(days):
        raise SystemExit(f"train.py: --test-share {test_share} leaves no days on one side")
    return days.iloc[:boundary], days.iloc[boundary:]


def train(
    days: pd.DataFrame, *, learning_rate: float, max_iter: int, min_samples_leaf: int, seed: int
) -> HistGradientBoostingRegressor:
    """A boosted forest with Poisson loss: rentals are counts and never below zero."""
    model = HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=learning_rate,
        max_iter=max_iter,
        min_samples_leaf=min_samples_leaf,
        random_state=seed,
    )
    return model.fit(days[FEATURES], days[TARGET])


def measure(
    model: HistGradientBoostingRegressor, seen: pd.DataFrame, held_out: pd.DataFrame
) -> dict[str, float]:
    """Errors on the held-out days in rentals a day; normalized by the range of their truth."""
    truth = held_out[TARGET]
    predicted = model.predict(held_out[FEATURES])
    mean = DummyRegressor().fit(seen[FEATURES], seen[TARGET]).predict(held_out[FEATURES])
    rmse = root_mean_squared_error(truth, predicted)
    return {
        "rmse": rmse,
        "mae": mean_absolute_error(truth, predicted),
        "r2": r2_score(truth, predicted),
        "normalized_rmse": rmse / (truth.max() - truth.min()),
        "baseline_rmse": root_mean_squared_error(truth, mean),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="CSV, one row a day")
    parser.add_argument("--model", type=Path, required=True, help="folder to save the model in")
    parser.add_argument("--test-share", type=float, default=0.2)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--max-iter", type=int, default=200)
    parser.add_argument("--min-samples-leaf", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    settings = {
        "learning_rate": arguments.learning_rate,
        "max_iter": arguments.max_iter,
        "min_samples_leaf": arguments.min_samples_leaf,
        "seed": arguments.seed,
    }

    days = pd.read_csv(arguments.data).astype(float)
    seen, held_out = split(days, arguments.test_share)
    print(f"{len(seen)} days to learn from, {len(held_out)} held out", flush=True)

    with mlflow.start_run():
        mlflow.log_params({**settings, "days": len(seen), "held_out_days": len(held_out)})
        model = train(seen, **settings)
        metrics = measure(model, seen, held_out)
        mlflow.log_metrics(metrics)
        for name, value in metrics.items():
            print(f"{name}: {value:.4f}", flush=True)

        example = held_out[FEATURES].head(3)
        mlflow.sklearn.save_model(
            model,
            arguments.model,
            serialization_format="cloudpickle",
            conda_env=str(Path(__file__).with_name("conda.yml")),
            signature=infer_signature(example, model.predict(example)),
            input_example=example,
        )
        # Not log_model: tracking servers older than MLflow 3 take a model as plain artifacts.
        mlflow.log_artifacts(str(arguments.model), "model")
    print(f"saved the model to {arguments.model}", flush=True)


if __name__ == "__main__":
    main()
