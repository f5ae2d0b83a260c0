"""Trains a linear model, measures it on rows that it has not seen, and saves it."""

from __future__ import annotations

import argparse
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

FEATURES = ["pressure", "temperature"]
TARGET = "yield"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="CSV, one row a measurement")
    parser.add_argument("--model", type=Path, required=True, help="folder to save the model in")
    parser.add_argument("--alpha", type=float, default=1.0, help="how much large weights cost")
    arguments = parser.parse_args()

    rows = pd.read_csv(arguments.data).astype(float)
    seen, held_out = train_test_split(rows, test_size=0.25, random_state=0)
    model = Ridge(alpha=arguments.alpha).fit(seen[FEATURES], seen[TARGET])
    mean = DummyRegressor().fit(seen[FEATURES], seen[TARGET])

    with mlflow.start_run():
        mlflow.log_params({"alpha": arguments.alpha, "rows": len(seen)})
        for name, one in (("rmse", model), ("baseline_rmse", mean)):
            value = root_mean_squared_error(held_out[TARGET], one.predict(held_out[FEATURES]))
            mlflow.log_metric(name, value)
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
        mlflow.log_artifacts(str(arguments.model), "model")


if __name__ == "__main__":
    main()
