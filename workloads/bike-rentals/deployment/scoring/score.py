"""Answers a request with the rentals of each day in it: init() once a process, run() a request."""

from __future__ import annotations

import json
import os
from pathlib import Path

import mlflow
import pandas as pd


def init() -> None:
    """Loads the model. It lies in the model folder under the name that it was registered from."""
    global model
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    found = next(folder.rglob("MLmodel"), None)
    if found is None:
        raise FileNotFoundError(f"no MLmodel file under {folder}")
    model = mlflow.pyfunc.load_model(str(found.parent))


def run(body: str) -> list[float]:
    """Takes {"input_data": {"columns": […], "data": [[…]]}}, a row a day."""
    table = json.loads(body)["input_data"]
    days = pd.DataFrame(table["data"], columns=table["columns"]).astype(float)
    return model.predict(days).tolist()
