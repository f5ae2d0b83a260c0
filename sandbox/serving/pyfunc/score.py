"""Serves any MLflow model: what a deployment without code of its own runs.

The request has the form that managed endpoints take, ``input_data`` as a table with columns, as
rows or as columns by name, or one of MLflow's own: ``dataframe_split``, ``dataframe_records``,
``instances``, ``inputs``.
"""

import json
import os
from pathlib import Path
from typing import Any

import mlflow
from azureml_inference_server_http.api.aml_response import AMLResponse
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import NumpyEncoder, infer_and_parse_data

model: Any = None
schema: Any = None


def init() -> None:
    """Load the model that lies below the deployment's model folder."""
    global model, schema
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    found = next(folder.rglob("MLmodel"), None)
    if found is None:
        raise FileNotFoundError(f"no MLmodel file under {folder}: this is not an MLflow model")
    model = mlflow.pyfunc.load_model(str(found.parent))
    schema = model.metadata.get_input_schema()


def run(body: str) -> Any:
    """Answer the predictions as a JSON list; a request that does not fit the model gets a 400."""
    try:
        document = json.loads(body)
        params = document.pop("params", None)
        data = infer_and_parse_data(_in_terms_of_mlflow(document), schema)
        predictions = model.predict(data, params=params)
    except (ValueError, TypeError, KeyError, AttributeError, MlflowException) as error:
        message = f"The request does not fit the model: {error}"
        return AMLResponse({"message": message}, 400, json_str=True)
    if hasattr(predictions, "to_dict"):  # a pandas table
        predictions = predictions.to_dict(orient="records")
    return json.loads(json.dumps(predictions, cls=NumpyEncoder))


def _in_terms_of_mlflow(document: dict[str, Any]) -> dict[str, Any]:
    if "input_data" not in document:
        return document
    table = document["input_data"]
    if isinstance(table, dict):
        return {"dataframe_split": table} if "data" in table else {"inputs": table}
    if isinstance(table, list) and table and isinstance(table[0], dict):
        return {"dataframe_records": table}
    named = schema is not None and schema.has_input_names() and not schema.is_tensor_spec()
    if named:
        return {"dataframe_split": {"columns": schema.input_names(), "data": table}}
    return {"inputs": table}
