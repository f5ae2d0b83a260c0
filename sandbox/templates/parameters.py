"""Parameters of a template: what is given against what is declared."""

from __future__ import annotations

from typing import Any

from sandbox.templates.expressions import TemplateError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "securestring": (str,),
    "int": (int,),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
    "secureobject": (dict,),
}


def given_value(name: str, given: Any) -> Any:
    """The value out of ``{"value": …}``. Raises TemplateError for a Key Vault reference."""
    if isinstance(given, dict) and "value" in given:
        return given["value"]
    if isinstance(given, dict) and "reference" in given:
        raise TemplateError(
            f"The template parameter '{name}' refers to a Key Vault secret, which deployments in "
            "the sandbox do not read. Give its value."
        )
    raise TemplateError(f"The template parameter '{name}' must be an object with a 'value'.")


def check_value(name: str, declared: dict[str, Any], value: Any) -> None:
    """Raises TemplateError for a value that the declaration does not allow."""
    kind = str(declared.get("type", "")).lower()
    if kind not in _TYPES:
        raise TemplateError(f"The template parameter '{name}' has no known type: '{kind}'.")
    if value is None:
        # azure-ai-ml gives null for what it leaves out, and Azure takes it.
        return
    if not isinstance(value, _TYPES[kind]) or (kind == "int" and isinstance(value, bool)):
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid: expected a "
            f"value of type '{declared['type']}', got '{type(value).__name__}'."
        )
    allowed = declared.get("allowedValues")
    if allowed is not None and value not in allowed:
        raise TemplateError(
            f"The provided value '{value}' for the template parameter '{name}' is not one of "
            f"{', '.join(map(str, allowed))}."
        )
    size = value if kind == "int" else len(value) if hasattr(value, "__len__") else None
    low, high = ("minValue", "maxValue") if kind == "int" else ("minLength", "maxLength")
    if size is not None and not declared.get(low, size) <= size <= declared.get(high, size):
        raise TemplateError(
            f"The provided value for the template parameter '{name}' must have its "
            f"{'value' if kind == 'int' else 'length'} between {declared.get(low, 'any')} and "
            f"{declared.get(high, 'any')}."
        )


def shown(declared: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """As a deployment shows them: nothing that is secure."""
    types = {name: str(one.get("type", "")) for name, one in declared.items()}
    return {
        name: {"type": types.get(name, "").capitalize(), "value": value}
        for name, value in values.items()
        if not types.get(name, "").lower().startswith("secure")
    }
