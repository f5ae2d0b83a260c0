"""MLflow's model registry, served out of the workspace's Azure ML models.

A registered model is the asset's container, a model version the asset's version: what one client
registers the other sees at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.arm.errors import ArmError
from sandbox.arm.resource import Resource
from sandbox.blob.rest import StorageError
from sandbox.ml import assets, models
from sandbox.ml.blobs import Blobs
from sandbox.ml.locations import Location, long_address, of_run, resolve
from sandbox.tracking import addresses, entities, runs, search
from sandbox.tracking.runs import MlflowError

if TYPE_CHECKING:
    from sandbox.azure import Azure

Arguments = dict[str, Any]

LATEST = "latest"
_LOGGED_MODEL = re.compile(r"models:/+(?P<id>m-[0-9a-zA-Z]+)")
_REGISTERED = re.compile(r"models:/+(?P<name>[^/@]+)/(?P<version>[^/]+)")
_MODEL_KEYS = ("name", "creation_timestamp", "last_updated_timestamp")
_VERSION_KEYS = ("name", "version_number", "run_id", "source_path", *_MODEL_KEYS[1:])
_MOST = 1000


class Registry:
    """One workspace's models, as MLflow speaks of them. Raises MlflowError."""

    def __init__(self, azure: Azure, workspace: Resource, principal: str) -> None:
        self.azure = azure
        self.workspace = workspace
        self.principal = principal

    # Registered models

    def create_model(self, given: Arguments) -> Arguments:
        name = _need(given, "name")
        if not assets.NAME.fullmatch(name):
            raise search.invalid(f"'{name}' is not a valid name of a model.")
        at = self.workspace.id.child("models", name)
        if self.azure.resources.get(at):
            raise MlflowError(
                400,
                "RESOURCE_ALREADY_EXISTS",
                f"Registered Model (name={name}) already exists.",
            )
        tags, description = _tags(given), given.get("description")
        model = Resource(at, {"properties": {"tags": tags, "isArchived": False}})
        model.created_by = self.principal
        if description:
            model.properties["description"] = description
        self.azure.resources.save(model)
        return {"registered_model": entities.model(self.azure, self._need_model(name))}

    def get_model(self, given: Arguments) -> Arguments:
        return {
            "registered_model": entities.model(self.azure, self._need_model(_need(given, "name")))
        }

    def rename_model(self, given: Arguments) -> Arguments:
        raise MlflowError(
            400,
            "INVALID_PARAMETER_VALUE",
            f"'{given.get('name')}' cannot be renamed: registered models are immutable in "
            "Azure Machine Learning. Register it under the new name.",
        )

    def update_model(self, given: Arguments) -> Arguments:
        model = self._need_model(_need(given, "name"))
        model.properties["description"] = given.get("description", "")
        self.azure.resources.save(model)
        return {"registered_model": entities.model(self.azure, model)}

    def delete_model(self, given: Arguments) -> Arguments:
        model = self._need_model(_need(given, "name"))
        found = assets.versions(self.azure, model.id)
        for version in found:
            self._check_unused(version)
        with self.azure.store.transaction():
            for item in (*found, model):
                self.azure.resources.delete(item)
        return {}

    def search_models(self, given: Arguments) -> Arguments:
        everything = [
            entities.model(self.azure, model)
            for model in self.azure.resources.children(self.workspace.id, models.MODELS)
            if not model.properties.get("isArchived") and not self._only_anonymous(model)
        ]
        chosen, token = self._page(everything, given, _MODEL_KEYS, ["name ASC"])
        return _with_token({"registered_models": chosen}, token)

    def latest_versions(self, given: Arguments) -> Arguments:
        model = self._need_model(_need(given, "name"))
        stages = [str(stage).lower() for stage in _list(given.get("stages"))]
        found = entities.latest(self.azure, model)
        return {
            "model_versions": [
                item for item in found if not stages or item["current_stage"].lower() in stages
            ]
        }

    def set_model_tag(self, given: Arguments) -> Arguments:
        return self._set_tag(self._need_model(_need(given, "name")), given)

    def delete_model_tag(self, given: Arguments) -> Arguments:
        return self._delete_tag(self._need_model(_need(given, "name")), given)

    def set_alias(self, given: Arguments) -> Arguments:
        model, alias = self._need_model(_need(given, "name")), _need(given, "alias")
        if alias.lower() == LATEST or re.fullmatch(r"[vV]\d+", alias):
            raise search.invalid(f"'{alias}' is reserved and cannot be an alias.")
        version = self._need_version(given)
        model.private.setdefault("aliases", {})[alias] = version.name
        self.azure.resources.save(model)
        return {}

    def delete_alias(self, given: Arguments) -> Arguments:
        model = self._need_model(_need(given, "name"))
        model.private.get("aliases", {}).pop(_need(given, "alias"), None)
        self.azure.resources.save(model)
        return {}

    def get_alias(self, given: Arguments) -> Arguments:
        model, alias = self._need_model(_need(given, "name")), _need(given, "alias")
        version = model.private.get("aliases", {}).get(alias)
        if alias.lower() == LATEST:
            newest = assets.latest(self.azure, model.id)
            version = newest.name if newest else None
        if version is None:
            raise _missing(f"Registered model alias {alias} not found.")
        return self.get_version({"name": model.name, "version": version})

    # Model versions

    async def create_version(self, given: Arguments) -> Arguments:
        model, source = self._need_model(_need(given, "name")), _need(given, "source")
        workspace_id = self.workspace.private["workspace_id"]
        run_id, model_id = given.get("run_id") or "", given.get("model_id") or ""
        for kind, identifier in (("Run", run_id), ("Logged model", model_id)):
            if identifier and not runs.known(self.azure, workspace_id, identifier):
                raise _missing(f"{kind} with id={identifier} not found")
        try:
            place = self._place(source)
            content = await Blobs(self.azure).read(place.join("MLmodel"))
        except ArmError as error:
            raise search.invalid(error.message) from None
        except StorageError as error:
            raise search.invalid(f"The model's files cannot be read: {error}") from None
        properties: Arguments = {
            "modelUri": long_address(self.workspace, place),
            "modelType": models.CUSTOM_MODEL if content is None else models.MLFLOW_MODEL,
            "flavors": {} if content is None else models.flavors(content),
            "tags": _tags(given),
            "properties": {},
            "description": given.get("description") or "",
            "isAnonymous": False,
            "isArchived": False,
        }
        if run_id:
            properties["jobName"] = run_id
        stored = addresses.parse(source)
        private = {
            "source": stored.stored if stored else source,
            "run_id": run_id,
            "run_link": given.get("run_link") or "",
            "model_id": model_id,
        }
        with self.azure.store.transaction():
            number = assets.next_version(self.azure, model.id)
            version = Resource(
                model.id.child("versions", number), {"properties": properties}, private
            )
            version.created_by = self.principal
            self.azure.resources.save(version)
        return {"model_version": entities.version(self.azure, version)}

    def get_version(self, given: Arguments) -> Arguments:
        return {"model_version": entities.version(self.azure, self._need_version(given))}

    def update_version(self, given: Arguments) -> Arguments:
        version = self._need_version(given)
        version.properties["description"] = given.get("description", "")
        self.azure.resources.save(version)
        return {"model_version": entities.version(self.azure, version)}

    def transition_stage(self, given: Arguments) -> Arguments:
        version, stage = self._need_version(given), _need(given, "stage").capitalize()
        if stage not in entities.STAGES:
            raise search.invalid(f"'{stage}' is no stage; there are {', '.join(entities.STAGES)}.")
        others = []
        if _true(given.get("archive_existing_versions")):
            others = [
                item
                for item in assets.versions(self.azure, self._need_model(given["name"]).id)
                if item.properties.get("stage") == stage and item.name != version.name
            ]
        version.properties["stage"] = stage
        with self.azure.store.transaction():
            for other in others:
                other.properties["stage"] = "Archived"
                self.azure.resources.save(other)
            self.azure.resources.save(version)
        return {"model_version": entities.version(self.azure, version)}

    def delete_version(self, given: Arguments) -> Arguments:
        version = self._need_version(given)
        self._check_unused(version)
        model = self._need_model(given["name"])
        aliases = model.private.get("aliases", {})
        with self.azure.store.transaction():
            self.azure.resources.delete(version)
            gone = [alias for alias, number in aliases.items() if number == version.name]
            for alias in gone:
                del aliases[alias]
            if gone:
                self.azure.resources.save(model)
        return {}

    def search_versions(self, given: Arguments) -> Arguments:
        everything = [
            entities.version(self.azure, version)
            for version in self.azure.resources.list(models.VERSIONS)
            if version.id.within(self.workspace.id)
            and not version.properties.get("isArchived")
            and not version.properties.get("isAnonymous")
        ]
        orders = ["last_updated_timestamp DESC", "name ASC", "version_number DESC"]
        chosen, token = self._page(everything, given, _VERSION_KEYS, orders)
        return _with_token({"model_versions": chosen}, token)

    def download_uri(self, given: Arguments) -> Arguments:
        version = self._need_version(given)
        source = entities.version(self.azure, version)["source"]
        if match := _LOGGED_MODEL.fullmatch(source):
            source = addresses.Artifacts(run=match["id"]).stored
        elif addresses.parse(source) is None:
            source = entities.by_name(version)
        return {"artifact_uri": source}

    def set_version_tag(self, given: Arguments) -> Arguments:
        return self._set_tag(self._need_version(given), given)

    def delete_version_tag(self, given: Arguments) -> Arguments:
        return self._delete_tag(self._need_version(given), given)

    # What they stand on

    def _place(self, source: str) -> Location:
        """Where the files of `source` are. Raises ArmError 400."""
        workspace_id = self.workspace.private["workspace_id"]
        found = addresses.parse(source)
        if match := _LOGGED_MODEL.fullmatch(source):
            found = addresses.Artifacts(run=match["id"])
        if found and found.run:
            if not runs.known(self.azure, workspace_id, found.run):
                raise _missing(f"Run with id={found.run} not found")
            return of_run(self.azure, self.workspace, found.run, found.path)
        if match := _REGISTERED.fullmatch(source):
            found = addresses.Artifacts(name=match["name"], version=match["version"])
        if found:
            version = self._need_version({"name": found.name, "version": found.version})
            return models.location(self.azure, version).join(found.path)
        return resolve(self.azure, self.workspace, source)

    def _need_model(self, name: str) -> Resource:
        try:
            found = self.azure.resources.get(self.workspace.id.child("models", name))
        except ArmError:
            found = None
        if found is None:
            raise _missing(f"Registered Model with name={name} not found")
        return found

    def _need_version(self, given: Arguments) -> Resource:
        name, version = _need(given, "name"), _need(given, "version")
        model = self._need_model(name)
        found = self.azure.resources.get(model.id.child("versions", version))
        if found is None:
            raise _missing(f"Model Version (name={name}, version={version}) not found")
        return found

    def _check_unused(self, version: Resource) -> None:
        try:
            models.refuse_in_use(self.azure, version)
        except ArmError as error:
            raise MlflowError(409, "RESOURCE_CONFLICT", error.message) from None

    def _only_anonymous(self, model: Resource) -> bool:
        found = assets.versions(self.azure, model.id)
        return bool(found) and all(item.properties.get("isAnonymous") for item in found)

    def _set_tag(self, resource: Resource, given: Arguments) -> Arguments:
        tags = resource.properties.setdefault("tags", {})
        tags[_need(given, "key")] = str(given.get("value", ""))
        self.azure.resources.save(resource)
        return {}

    def _delete_tag(self, resource: Resource, given: Arguments) -> Arguments:
        resource.properties.setdefault("tags", {}).pop(_need(given, "key"), None)
        self.azure.resources.save(resource)
        return {}

    def _page(
        self, items: list[Arguments], given: Arguments, keys: tuple[str, ...], orders: list[str]
    ) -> tuple[list[Arguments], str]:
        found = search.select(items, str(given.get("filter") or ""), keys)
        clauses = [str(clause) for clause in _list(given.get("order_by"))]
        found = search.order(found, clauses or orders, keys)
        return search.page(found, _most(given), str(given.get("page_token") or ""))


def _tags(given: Arguments) -> dict[str, str]:
    tags = given.get("tags") or []
    if not all(isinstance(tag, dict) and isinstance(tag.get("key"), str) for tag in tags):
        raise search.invalid("'tags' must be a list of {'key': …, 'value': …}.")
    return {tag["key"]: str(tag.get("value", "")) for tag in tags}


def _most(given: Arguments) -> int:
    """How many items a page may have. Raises MlflowError 400."""
    text = str(given.get("max_results") or _MOST)
    if not text.isdecimal():
        raise search.invalid(f"'max_results' must be a number above 0, not '{text}'.")
    return min(int(text), _MOST)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _with_token(body: Arguments, token: str) -> Arguments:
    return {**body, "next_page_token": token} if token else body


def _need(given: Arguments, key: str) -> str:
    value = given.get(key)
    if value in (None, ""):
        raise search.invalid(f"Missing value for required parameter '{key}'.")
    return str(value)


def _missing(message: str) -> MlflowError:
    return MlflowError(404, "RESOURCE_DOES_NOT_EXIST", message)


HANDLERS: dict[tuple[str, str], Callable[[Registry, Arguments], Any]] = {
    ("POST", "registered-models/create"): Registry.create_model,
    ("GET", "registered-models/get"): Registry.get_model,
    ("POST", "registered-models/rename"): Registry.rename_model,
    ("PATCH", "registered-models/update"): Registry.update_model,
    ("DELETE", "registered-models/delete"): Registry.delete_model,
    ("GET", "registered-models/search"): Registry.search_models,
    ("GET", "registered-models/get-latest-versions"): Registry.latest_versions,
    ("POST", "registered-models/get-latest-versions"): Registry.latest_versions,
    ("POST", "registered-models/set-tag"): Registry.set_model_tag,
    ("DELETE", "registered-models/delete-tag"): Registry.delete_model_tag,
    ("POST", "registered-models/alias"): Registry.set_alias,
    ("DELETE", "registered-models/alias"): Registry.delete_alias,
    ("GET", "registered-models/alias"): Registry.get_alias,
    ("POST", "model-versions/create"): Registry.create_version,
    ("GET", "model-versions/get"): Registry.get_version,
    ("PATCH", "model-versions/update"): Registry.update_version,
    ("POST", "model-versions/transition-stage"): Registry.transition_stage,
    ("DELETE", "model-versions/delete"): Registry.delete_version,
    ("GET", "model-versions/search"): Registry.search_versions,
    ("GET", "model-versions/get-download-uri"): Registry.download_uri,
    ("POST", "model-versions/set-tag"): Registry.set_version_tag,
    ("DELETE", "model-versions/delete-tag"): Registry.delete_version_tag,
}
